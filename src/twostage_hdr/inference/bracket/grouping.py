"""Which photographs of a folder are the frames of one bracket."""

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

from twostage_hdr.errors import InputError
from twostage_hdr.imaging.exif import ExifExposure, read_exif_exposure

LARGEST_BRACKET = 9
"""Frames: what cameras offer."""

PAUSE = timedelta(seconds=2)
"""Between the frames of a bracket, beside their exposure times; EXIF times are whole seconds."""

SAME_EXPOSURE = 0.1
"""Stops; cameras' steps are thirds."""


def group_by_exif(paths: Sequence[Path]) -> list[list[Path]]:
    """Frames that one camera took in direct succession with different exposures; each group in order of time.

    Photographs without an exposure or a time in their EXIF data stand alone.
    """
    known = {path: read_exif_exposure(path) for path in paths}
    timed = [path for path in paths if known[path].taken is not None and known[path].stops is not None]
    timed.sort(key=lambda path: (known[path].camera, known[path].taken, path.name))
    groups: list[list[Path]] = []
    for path in timed:
        if groups and _belongs(known[path], [known[other] for other in groups[-1]]):
            groups[-1].append(path)
        else:
            groups.append([path])
    groups += [[path] for path in paths if path not in timed]
    return sorted(groups, key=lambda group: paths.index(group[0]))


def _belongs(new: ExifExposure, group: Sequence[ExifExposure]) -> bool:
    last = group[-1]
    if new.taken is None or last.taken is None or new.stops is None:
        return False
    exposing = timedelta(seconds=(last.seconds or 0) + (new.seconds or 0))
    return (
        len(group) < LARGEST_BRACKET
        and (new.camera, new.size, new.bracketed) == (last.camera, last.size, last.bracketed)
        and new.taken - last.taken <= exposing + PAUSE
        and all(abs(new.stops - (frame.stops or 0)) > SAME_EXPOSURE for frame in group)
    )


def group_by_count(paths: Sequence[Path], count: int) -> list[list[Path]]:
    """Every `count` photographs, in the order given.

    Raises:
        InputError: a count that no bracket has, or that does not divide the photographs.
    """
    if not 2 <= count <= LARGEST_BRACKET:
        raise InputError(f"--group {count}", f"a bracket has 2 to {LARGEST_BRACKET} frames")
    if len(paths) % count:
        seen = f"{len(paths)} photographs do not make whole groups"
        raise InputError(f"--group {count}", seen, "take the others away")
    return [list(paths[start : start + count]) for start in range(0, len(paths), count)]
