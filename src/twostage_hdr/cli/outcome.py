"""What became of the files of a batch, in lines for people or in JSON for scripts."""

import json
import re
import sys
import traceback
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from rich.console import Console
from rich.text import Text

from twostage_hdr.boundary.refusal import one_line, printable
from twostage_hdr.boundary.trust import PACKAGE
from twostage_hdr.cli.terminal import Terminal
from twostage_hdr.errors import WARNING, InputError

LONGEST_LINE = 2000
"""Characters, long names included."""


def print_error(word: str, why: str) -> None:
    """Prints `word: why`, or the word alone; in red where there are colours."""
    line = Text(f"{word}: " if why else word, "bold red")
    Terminal(stderr=True).print(line + Text(_shown(why)))


def _shown(text: str) -> str:
    """As one line: white space joined, control characters spelt out."""
    return printable(text, at_most=LONGEST_LINE)


_LESS = "give smaller batches or tiles, or leave large images out"
_OF_A_PROCESS = (
    (re.compile(r"out of memory|can't allocate memory|cannot allocate memory", re.I), _LESS),
    (re.compile(r"DataLoader worker .*(killed|exited)"), "give fewer with data.workers=N, or more memory"),
    (re.compile(r"NCCL|gloo|Connection (closed|reset)|Broken pipe", re.I), "another process of the run has ended"),
)
"""Beginnings of PyTorch's errors that a machine causes, not the program."""


def system_trouble(error: Exception) -> str | None:
    """One line for what the machine could not do: the file, why, and the cure; None for a mistake of the program."""
    if isinstance(error, ImportError):
        ours = (error.name or PACKAGE).startswith(PACKAGE)
        return None if ours else f"{error.name}: a package is missing or damaged ({one_line(error)}); install it again"
    if isinstance(error, OSError):
        if not error.errno:
            return _shown(str(error)) or None
        *_, (frame, _) = traceback.walk_tb(error.__traceback__)
        printing = frame.f_globals.get("__name__", "").partition(".")[0] in ("click", "json", "rich", "typer")
        place = error.filename or ("standard output" if printing else "a file of the results")
        return f"{_shown(str(place))}: {one_line(error)}; see to it and to its disk, or give another file or folder"
    if isinstance(error, MemoryError):
        return f"memory: {one_line(error)}; {_LESS}"
    cure = next((cure for pattern, cure in _OF_A_PROCESS if pattern.search(str(error))), None)
    return f"PyTorch: {one_line(error)}; {cure}" if cure else None


def named(source: Path, error: Exception) -> str:
    """An error's text in one line that names the file; a mistake of the program says that it is one."""
    if isinstance(error, InputError):
        said = _shown(str(error))
    else:
        mistake = f"unexpected {type(error).__name__} ({one_line(error)}); please report it with the file"
        said = system_trouble(error) or mistake
    return said if source.name in said else f"{source}: {said}"


@dataclass
class Outcome:
    """What became of one input."""

    input: str
    status: str = "done"
    """done, skipped or failed."""
    files: list[str] = field(default_factory=list)
    """What was written; of a skipped input, what is there."""
    notes: list[str] = field(default_factory=list)
    error: str | None = None
    seconds: float | None = None
    peak: float | None = None
    """Brightest value written, linear, 1.0 = white."""
    hdr: object = None
    """What was made of the input's own HDR, an `HdrUse` (whose import is slow); None where it has none."""


@dataclass(frozen=True, kw_only=True)
class Report:
    """The outcomes of a command's inputs: a line for each as soon as it is known, or one JSON document at the end.

    Attributes:
        console: of the lines.
        as_json: whether the document is wanted instead of them.
        outcomes: so far.
    """

    console: Console
    as_json: bool
    outcomes: list[Outcome] = field(default_factory=list)

    def add(self, outcome: Outcome) -> None:
        """Prints an outcome's line, a failure's on standard error; a redirected output has it at once."""
        self.outcomes.append(outcome)
        if self.as_json:
            return
        if outcome.status == "done":
            first, *others = outcome.files
            names = _shown(", ".join([first, *(Path(file).name for file in others)]))
            warnings = [note for note in outcome.notes if note.startswith(WARNING)]
            notes = _shown("".join(f"; {note}" for note in outcome.notes if note not in warnings))
            taken = f"({outcome.seconds:.1f} s, peak {outcome.peak:.1f} x white{notes})"
            self.console.print(f"{_shown(outcome.input)} -> {names}  {taken}")
            for warning in warnings:
                self.console.print(_shown(warning))
        elif outcome.status == "skipped":
            but = "".join(f", but {note}" for note in outcome.notes)
            self.console.print(f"{_shown(outcome.input)}: already done{but}; --overwrite does it again")
        else:
            print_error("failed", str(outcome.error))

    def add_failures(self, reasons: Mapping[str, str]) -> None:
        """Inputs that cannot be used, each with its reason."""
        for name, why in reasons.items():
            self.add(Outcome(name, "failed", error=why))

    def finish(self) -> int:
        """Prints what is to be said of all together.

        Returns:
            The exit code: 0, or 1 if an input failed.
        """
        failed = [Path(outcome.input).name for outcome in self.outcomes if outcome.status == "failed"]
        if self.as_json:
            json.dump([asdict(outcome) for outcome in self.outcomes], sys.stdout, indent=1)
            sys.stdout.write("\n")
        elif failed and len(self.outcomes) > 1:
            print_error(f"{len(failed)} of {len(self.outcomes)} inputs failed", ", ".join(failed))
        return 1 if failed else 0
