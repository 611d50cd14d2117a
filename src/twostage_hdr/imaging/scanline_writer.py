"""Writing an image row by row, so that memory does not grow with its size."""

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
import OpenImageIO

from twostage_hdr.imaging.atomic import atomic_path, software_tag
from twostage_hdr.imaging.result_format import Result


class ScanlineWriter:
    """An image file that takes blocks of rows from top to bottom; it appears under its name only when complete.

    Args:
        result: the file, whose suffix chooses the format, and what goes along: the date is written here, the rest by
            the formats.
        sample: type of the file's samples, as OpenImageIO calls it.
        attributes: further ones of the file; a pair tells the type as well.
        encode: makes the file's samples of rows, each (count, width, channels).
        complete: what a format adds to the closed file before that gets its name.
        channels: 3, or 1 for grey, `Y`.
    """

    def __init__(
        self,
        result: Result,
        sample: str,
        attributes: Mapping[str, Any],
        *,
        encode: Callable[[np.ndarray], np.ndarray] = lambda rows: rows,
        complete: Callable[[Path], object] = lambda _: None,
        channels: int = 3,
    ) -> None:
        self.path, self._encode, self._complete = result.path, encode, complete
        self._spec = OpenImageIO.ImageSpec(result.width, result.height, channels, sample)
        if channels == 1:
            self._spec.channelnames = ("Y",)
        for name, value in attributes.items():
            self._spec.attribute(name, *(value if isinstance(value, tuple) else (value,)))
        self._spec.attribute("Software", software_tag())
        # Without this attribute some formats get the moment of writing; an empty one is left out.
        taken = result.info.taken
        self._spec.attribute("DateTime", f"{taken:%Y:%m:%d %H:%M:%S}" if taken else "")
        self._next_row = 0
        self._output: Any = None

    def __enter__(self) -> "ScanlineWriter":
        with ExitStack() as stack:
            self._temporary = stack.enter_context(atomic_path(self.path))
            output = OpenImageIO.ImageOutput.create(str(self._temporary))
            if output is None or not output.open(str(self._temporary), self._spec):
                reason = output.geterror() if output else OpenImageIO.geterror()
                raise OSError(f"{self.path}: cannot be written ({reason})")
            self._output, self._cleanup = output, stack.pop_all()
        return self

    def write_rows(self, rows: np.ndarray) -> None:
        """Append rows, (count, width, channels).

        Raises:
            ValueError: not opened, wrong width, or more rows than the image has.
            OSError: the disk is full or the like.
        """
        if self._output is None:
            raise ValueError(f"{self.path}: write rows inside the with block")
        samples, end = np.ascontiguousarray(self._encode(rows)), self._next_row + len(rows)
        if rows.shape[1:] != (self._spec.width, self._spec.nchannels) or end > self._spec.height:
            raise ValueError(f"{self.path}: rows {self._next_row}..{end} of shape {rows.shape} do not fit the image")
        if not self._output.write_scanlines(self._next_row, end, 0, samples):
            raise OSError(f"{self.path}: cannot be written ({self._output.geterror()})")
        self._next_row = end

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        closed = self._output.close()
        try:
            if error is None and self._next_row != self._spec.height:
                raise ValueError(f"{self.path}: {self._next_row} of {self._spec.height} rows were written")
            if error is None and not closed:
                raise OSError(f"{self.path}: cannot be written ({self._output.geterror()})")
            if error is None:
                self._complete(self._temporary)
        except Exception as failure:
            self._cleanup.__exit__(type(failure), failure, failure.__traceback__)
            raise
        self._cleanup.__exit__(kind, error, traceback)
