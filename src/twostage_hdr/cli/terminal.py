"""What reaches the terminal: words as they are, whoever wrote them."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.text import Text


class Terminal(Console):
    """Prints names and what files say as plain words: neither as markup or emoji, nor as control sequences."""

    def __init__(self, *, stderr: bool = False, soft_wrap: bool = True, quiet: bool = False) -> None:
        super().__init__(stderr=stderr, soft_wrap=soft_wrap, quiet=quiet, highlight=False, markup=False, emoji=False)

    def render_str(self, text: str, **options: Any) -> Text:
        """Every string, those in a table included, passes here."""
        return super().render_str(plain(text), **options)


def plain(text: str) -> str:
    """The text with control characters, line ends included, and lone surrogates spelt out."""
    return "".join(letter if letter.isprintable() else letter.encode("unicode_escape").decode() for letter in text)


@contextmanager
def counted(console: Console, what: str) -> Iterator[Callable[..., None]]:
    """A bar; what it gives is called with how many are done, of how many, and if it changes with what is being done."""
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    columns = (BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TimeRemainingColumn())
    with Progress(TextColumn("{task.description}", markup=False), *columns, console=console, transient=True) as bar:
        task = bar.add_task(what, total=None)
        yield lambda done, total, now=what: bar.update(task, completed=done, total=total, description=plain(now))
