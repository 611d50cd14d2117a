"""`twostage-hdr reconstruct --bracket`: which photographs are one bracket, and its result's name."""

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from twostage_hdr.cli.batch import Picture
from twostage_hdr.cli.input_files import BRACKET_ENDING
from twostage_hdr.imaging.photograph_metadata import read_picture_info
from twostage_hdr.imaging.pixel_arrays import eight_bits
from twostage_hdr.inference.bracket.grouping import group_by_count, group_by_exif
from twostage_hdr.inference.bracket.reconstruct_bracket import BracketOptions, merge_bracket
from twostage_hdr.inference.reconstruct import Reconstructor
from twostage_hdr.inference.result_files import ResultOptions

AUTO = "auto"
"""The word after --bracket that asks for grouping by EXIF."""


def find_brackets(
    names: Sequence[str], files: Sequence[Path], count: int | None, console: Console
) -> dict[Path, list[Path]]:
    """The frames of each bracket by the path that stands for it, whose stem its results have; prints them.

    Args:
        names: as the user gave them.
        files: the photographs.
        count: of frames in each, None to tell by the names or by EXIF.
        console: where they are printed.

    Raises:
        InputError: a count that does not divide the photographs.
    """
    if count is not None:
        groups = group_by_count(files, count)
    elif AUTO in names or any(Path(name).is_dir() for name in names):
        groups = group_by_exif(files)
    else:
        groups = [list(files)] if files else []
    for place, group in enumerate(groups, 1):
        kind = "bracket" if len(group) > 1 else "single photograph"
        console.print(f"{kind} {place} of {len(groups)}: {', '.join(path.name for path in group)}")
    first = {min(group): group for group in groups}
    return {
        path if len(group) == 1 else path.with_name(f"{path.stem}{BRACKET_ENDING}{path.suffix}"): group
        for path, group in first.items()
    }


def read_bracket(
    frames: Sequence[Path], wanted: BracketOptions, reconstructor: Reconstructor, options: ResultOptions
) -> Picture:
    """A bracket ready to be turned into results.

    Raises:
        InputError: see `merge_bracket`.
    """
    bracket = merge_bracket(frames, wanted)
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
