"""What became of the files of a batch, told to people or to scripts."""

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field

from rich.console import Console
from rich.markup import escape

from twostage_hdr.cli.error_line import tell_error


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
                f"{escape(outcome.input)} -> {escape(', '.join(outcome.files))}  "
                f"({outcome.seconds:.1f} s, peak {outcome.peak:.1f} x white{escape(notes)})"
            )
        elif outcome.status == "skipped":
            but = "".join(f", but {note}" for note in outcome.notes)
            console.print(f"{escape(outcome.input)}: already done{but}; --overwrite does it again")
    for outcome in failed:
        tell_error("failed", str(outcome.error))
    if failed and len(outcomes) > 1:
        console.print(f"{len(failed)} of {len(outcomes)} inputs failed.")
    return 1 if failed else 0
