"""Writing an image row by row, so that memory does not grow with its size."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import OpenImageIO

from twostage_hdr.imaging.atomic import atomic_path, software_tag
from twostage_hdr.imaging.result_format import Result, WriteRows


@contextmanager
def scanline_writer(
    result: Result,
    sample: str,
    attributes: Mapping[str, Any],
    *,
    encode: Callable[[np.ndarray], np.ndarray] = lambda rows: rows,
    complete: Callable[[Path], object] = lambda _: None,
    channels: int = 3,
) -> Iterator[WriteRows]:
    """Gives what appends blocks of rows, (count, width, channels), to a file that has its name only when complete.

    Args:
        result: the file, whose suffix chooses the format, and what goes along: the date is written here, the rest by
            the formats.
        sample: type of the file's samples, as OpenImageIO calls it.
        attributes: further ones of the file; a pair tells the type as well.
        encode: makes the file's samples of rows.
        complete: what a format adds to the closed file before that gets its name.
        channels: 3, or 1 for grey, `Y`.

    Raises:
        ValueError: rows of another width, more than the image has, or fewer.
        OSError: the disk is full or the like.
    """
    path, taken = result.path, result.info.taken
    spec = OpenImageIO.ImageSpec(result.width, result.height, channels, sample)
    if channels == 1:
        spec.channelnames = ("Y",)
    for name, value in attributes.items():
        spec.attribute(name, *(value if isinstance(value, tuple) else (value,)))
    spec.attribute("Software", software_tag())
    # Without this attribute some formats get the moment of writing; an empty one is left out.
    spec.attribute("DateTime", f"{taken:%Y:%m:%d %H:%M:%S}" if taken else "")
    row = 0

    def write_rows(rows: np.ndarray) -> None:
        nonlocal row
        samples, end = np.ascontiguousarray(encode(rows)), row + len(rows)
        if rows.shape[1:] != (spec.width, spec.nchannels) or end > spec.height:
            raise ValueError(f"{path}: rows {row}..{end} of shape {rows.shape} do not fit the image")
        if not output.write_scanlines(row, end, 0, samples):
            raise OSError(f"{path}: cannot be written ({output.geterror()})")
        row = end

    with atomic_path(path) as temporary:
        output: Any = OpenImageIO.ImageOutput.create(str(temporary))
        if output is None or not output.open(str(temporary), spec):
            reason = output.geterror() if output else OpenImageIO.geterror()
            raise OSError(f"{path}: cannot be written ({reason})")
        try:
            yield write_rows
        finally:
            closed = output.close()
        if row != spec.height:
            raise ValueError(f"{path}: {row} of {spec.height} rows were written")
        if not closed:
            raise OSError(f"{path}: cannot be written ({output.geterror()})")
        complete(temporary)
