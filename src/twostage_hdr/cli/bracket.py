"""`twostage-hdr reconstruct --bracket`: which photographs are one bracket, and its result's name."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from rich.console import Console

from twostage_hdr.cli.batch import Picture
from twostage_hdr.cli.destination import Destination, check_collisions
from twostage_hdr.cli.input_files import BRACKET_ENDING
from twostage_hdr.cli.outcome import Outcome
from twostage_hdr.errors import InputError
from twostage_hdr.imaging.photograph_metadata import read_picture_info
from twostage_hdr.imaging.pixel_arrays import eight_bits
from twostage_hdr.inference.bracket.grouping import group_by_count, group_by_exif
from twostage_hdr.inference.bracket.reconstruct_bracket import BracketOptions, merge_bracket
from twostage_hdr.inference.reconstruct import Reconstructor
from twostage_hdr.inference.result_files import ResultOptions

AUTO = "auto"
"""The word after --bracket that asks for grouping by EXIF."""


@dataclass(frozen=True, kw_only=True)
class BracketPlan:
    """What the user wants of brackets.

    Attributes:
        wanted: whether the photographs are brackets at all.
        group: frames in each, None to tell by the names or by EXIF.
        options: see `BracketOptions`.
    """

    wanted: bool
    group: int | None
    options: BracketOptions

    def checked(self) -> "BracketPlan | None":
        """The plan, None where no brackets are wanted.

        Raises:
            InputError: settings of brackets without --bracket.
        """
        if self.wanted:
            return self
        if self.group is not None or self.options != BracketOptions():
            raise InputError("--group, --ev, --align, --reference", "are of brackets", "give --bracket too")
        return None

    def find(self, names: Sequence[str], files: Sequence[Path], console: Console) -> dict[Path, list[Path]]:
        """The frames of each bracket by the path that stands for it, whose stem its results have; prints them.

        Raises:
            InputError: a count that does not divide the photographs.
        """
        if self.group is not None:
            groups = group_by_count(files, self.group)
        elif AUTO in names or any(Path(name).is_dir() for name in names):
            groups = group_by_exif(files)
        else:
            groups = [list(files)] if files else []
        found = {_stands_for(group): group for group in groups}
        for place, group in enumerate(groups, 1):
            kind = "bracket" if len(group) > 1 else "single photograph"
            console.print(f"{kind} {place} of {len(groups)}: {', '.join(path.name for path in group)}")
        return found

    def read(self, frames: Sequence[Path], reconstructor: Reconstructor, options: ResultOptions) -> Picture:
        """A bracket ready to be turned into results.

        Raises:
            InputError: see `merge_bracket`.
        """
        bracket = merge_bracket(frames, self.options)
        base = eight_bits(bracket.base)
        height, width = base.shape[:2]
        info, notes = read_picture_info(bracket.reference)
        return Picture(
            height=height,
            width=width,
            rows=bracket.rows(reconstructor),
            base=base,
            options=options,
            info=info,
            notes=(*bracket.notes, *notes),
        )


def check_frames(brackets: Mapping[Path, Sequence[Path]], destination: Destination) -> None:
    """Refuses results that would replace a frame.

    Raises:
        InputError: names both files.
    """
    plan: dict[Path, list[Path]] = {frame: [] for frames in brackets.values() for frame in frames}
    check_collisions(plan | {source: destination.paths(source) for source in brackets})


def with_frames(outcome: Outcome, brackets: Mapping[Path, Sequence[Path]]) -> Outcome:
    """The outcome with its frames named, instead of the path that stands for them."""
    frames = brackets.get(Path(outcome.input))
    if frames is None:
        return outcome
    shown = " + ".join((str(frames[0]), *(frame.name for frame in frames[1:])))
    error = None if outcome.error is None else outcome.error.replace(outcome.input, shown)
    return replace(outcome, input=shown, error=error)


def _stands_for(group: Sequence[Path]) -> Path:
    first = min(group)
    return first if len(group) == 1 else first.with_name(f"{first.stem}{BRACKET_ENDING}{first.suffix}")
