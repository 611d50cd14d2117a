"""Frames as a folder of OpenEXR files, which appears under its name only when complete."""

import itertools
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from twostage_hdr.errors import InputError
from twostage_hdr.imaging.atomic import remove_leftovers, temporary_sibling
from twostage_hdr.imaging.exr import exr_writer
from twostage_hdr.imaging.pixel_arrays import LinearPixels
from twostage_hdr.imaging.result_format import DEFAULTS, Result, ResultOptions

_LEFT_BY_FILE_MANAGERS = frozenset((".DS_Store", "Thumbs.db", "desktop.ini"))


@contextmanager
def exr_sequence(
    folder: Path, stem: str, options: ResultOptions = DEFAULTS
) -> Iterator[Callable[[LinearPixels, float], None]]:
    """`clip_exr/clip.000001.exr` and so on, numbered from 1.

    Args:
        folder: the folder to make; one of such frames that is there is replaced at the end.
        stem: what the files' names begin with.
        options: of the files.

    Yields:
        What adds a frame of linear Rec. 709 pixels, and width / height of a pixel.

    Raises:
        InputError: something else has the folder's name, or lies in it.
    """
    if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
        kind = f"a link to {folder.readlink()}" if folder.is_symlink() else "a file"
        raise InputError(folder, f"is {kind}", "the frames need a folder of that name")
    frame = re.compile(rf"{re.escape(stem)}\.\d{{6,}}\.exr")
    for path in folder.iterdir() if folder.exists() else ():
        if not frame.fullmatch(path.name) and path.name not in _LEFT_BY_FILE_MANAGERS:
            raise InputError(path, "is no frame of an earlier run, its folder would be replaced", "move it away")
    remove_leftovers(folder.parent)
    growing, numbers = temporary_sibling(folder), itertools.count(1)
    growing.mkdir()

    def write(linear: LinearPixels, pixel_aspect: float) -> None:
        path, (height, width) = growing / f"{stem}.{next(numbers):06d}.exr", linear.shape[:2]
        result = Result(paths=[path], width=width, height=height, options=options)
        with exr_writer(result, pixel_aspect=pixel_aspect) as write_rows:
            write_rows(linear)

    try:
        yield write
        if folder.exists():
            shutil.rmtree(folder)
        growing.rename(folder)
    finally:
        shutil.rmtree(growing, ignore_errors=True)
