"""What became of the files of a batch, told to people or to scripts."""

import errno
import json
import re
import sys
import traceback
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from rich.console import Console
from rich.text import Text

from twostage_hdr.boundary.refusal import one_line, printable
from twostage_hdr.boundary.trust import PACKAGE
from twostage_hdr.cli.terminal import Terminal

LONGEST_LINE = 2000
"""Characters, long names included."""


def tell_error(word: str, why: str) -> None:
    """Prints `word: why`, or the word alone; in red where there are colours."""
    line = Text(f"{word}: " if why else word, "bold red")
    Terminal(stderr=True).print(line + Text(_shown(why)))


_CURES = {
    errno.ENOSPC: "make room, or give a folder on another disk",
    errno.EDQUOT: "make room, or give a folder on another disk",
    errno.EROFS: "give a folder on a disk that can be written",
    errno.EACCES: "see to its permissions, or give another folder",
    errno.EPERM: "see to its permissions, or give another folder",
    errno.ENAMETOOLONG: "choose a shorter name",
    errno.ELOOP: "take the link away",
    errno.EMFILE: "raise the limit of open files (ulimit -n)",
}
"""What to do about the system's refusals; of others the file is to be looked at."""
_OF_A_PROCESS = (
    (re.compile(r"out of memory|can't allocate memory|cannot allocate memory", re.I), "give smaller batches or tiles"),
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
            return printable(str(error), at_most=LONGEST_LINE) or None
        place = printable(str(error.filename), at_most=LONGEST_LINE) if error.filename else _unnamed(error)
        return f"{place}: {one_line(error)}; {_CURES.get(error.errno, 'see whether it and its disk are still there')}"
    if isinstance(error, MemoryError):
        return f"memory: {one_line(error)}; give smaller batches or tiles"
    cure = next((cure for pattern, cure in _OF_A_PROCESS if pattern.search(str(error))), None)
    return f"PyTorch: {one_line(error)}; {cure}" if cure else None


def _unnamed(error: OSError) -> str:
    """What could not be written, where the system does not say: by who was writing."""
    *_, (frame, _) = traceback.walk_tb(error.__traceback__)
    printing = frame.f_globals.get("__name__", "").partition(".")[0] in ("click", "json", "rich", "typer")
    return "standard output" if printing else "a file of the results"


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


def _shown(text: str) -> str:
    """As one line: white space joined, control characters spelt out."""
    return printable(text, at_most=LONGEST_LINE)


def failures(reasons: Mapping[str, str]) -> "list[Outcome]":
    """Outcomes of inputs that cannot be used, each with what to tell the user."""
    return [Outcome(name, "failed", error=why) for name, why in reasons.items()]


def report(outcomes: Sequence[Outcome], console: Console, *, as_json: bool) -> int:
    """A line per input, failures on standard error; or one JSON document on standard output.

    Returns:
        The exit code: 0, or 1 if an input failed.
    """
    failed = [outcome for outcome in outcomes if outcome.status == "failed"]
    if as_json:
        json.dump([asdict(outcome) for outcome in outcomes], sys.stdout, indent=1)
        sys.stdout.write("\n")
        return 1 if failed else 0
    for outcome in outcomes:
        if outcome.status == "done":
            notes = "".join(f"; {note}" for note in outcome.notes)
            console.print(
                f"{_shown(outcome.input)} -> {_shown(', '.join(outcome.files))}  "
                f"({outcome.seconds:.1f} s, peak {outcome.peak:.1f} x white{_shown(notes)})"
            )
        elif outcome.status == "skipped":
            but = "".join(f", but {note}" for note in outcome.notes)
            console.print(f"{_shown(outcome.input)}: already done{but}; --overwrite does it again")
    for outcome in failed:
        tell_error("failed", str(outcome.error))
    if failed and len(outcomes) > 1:
        console.print(f"{len(failed)} of {len(outcomes)} inputs failed.")
    return 1 if failed else 0


@dataclass(frozen=True, kw_only=True)
class Pending:
    """What is to be made of one input.

    Attributes:
        missing: formats that are not there.
        refused: why nothing can be made, if so.
        notes: what is to be told of the results that are there.
    """

    missing: Sequence[str]
    refused: str | None = None
    notes: list[str] = field(default_factory=list)


def pending(
    source: Path, results: Mapping[str, Sequence[Path]], *, overwrite: bool, folders: Collection[str] = ()
) -> Pending:
    """Looks at an input's results.

    Args:
        source: the input.
        results: the paths of each format, the one that appears last first: where it is, the format is done.
        overwrite: make all of them again.
        folders: formats that are a folder of frames; the others are files.
    """
    if overwrite:
        return Pending(missing=list(results))
    missing, older = [], []
    try:
        changed = source.stat().st_mtime if source.exists() else 0.0
        for name, (first, *others) in results.items():
            if not first.exists():
                missing.append(name)
                continue
            lost = [path.name for path in others if not path.exists()]
            if lost:
                why = f"{first}: {lost[0]}, which belongs to it, is gone; give --overwrite to write both again"
                return Pending(missing=(), refused=why)
            if strange := _strange(first, is_folder=name in folders):
                return Pending(missing=(), refused=f"{first}: {strange}, where a result should be; move it away")
            if first.stat().st_mtime < changed:
                older.append(first.name)
    except OSError as error:  # a name that this file system does not take
        return Pending(missing=(), refused=f"{source}: {error.strerror}; rename it")
    notes = [f"changed since {' and '.join(older)} {'were' if len(older) > 1 else 'was'} written"] if older else []
    return Pending(missing=missing, notes=notes)


def _strange(result: Path, *, is_folder: bool) -> str | None:
    """What stands in a result's place and is none."""
    if is_folder:
        if not result.is_dir():
            return "no folder"
        return None if any(result.iterdir()) else "an empty folder"
    if not result.is_file():
        return "no file"
    return None if result.stat().st_size else "an empty file"
