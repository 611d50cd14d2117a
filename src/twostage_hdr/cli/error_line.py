"""What went wrong, in one line on standard error."""

from rich.console import Console
from rich.markup import escape


def tell_error(word: str, why: str) -> None:
    """Prints `word: why`, the word in red where there are colours."""
    Console(highlight=False, soft_wrap=True, stderr=True).print(f"[bold red]{word}:[/] {escape(why)}")
