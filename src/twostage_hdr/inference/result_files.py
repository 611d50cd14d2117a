"""The files of one reconstruction, fed row by row."""

from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType

import numpy as np
from jaxtyping import Float32

from twostage_hdr.imaging.exif import NO_INFO, PictureInfo
from twostage_hdr.imaging.formats import result_format
from twostage_hdr.imaging.result_format import Result, ResultOptions
from twostage_hdr.inference.spooled_rows import SpooledRows
from twostage_hdr.radiometry.photometry import SDR_WHITE_NITS, WHITE

__all__ = ["Result", "ResultFiles", "ResultOptions", "loss_notes", "result_paths"]


def result_paths(directory: Path, stem: str, formats: Sequence[str]) -> list[Path]:
    """The files that a photograph of that stem becomes.

    Raises:
        InputError: unknown format.
    """
    return [directory / f"{stem}{ending}" for name in formats for ending in result_format(name).endings]


def loss_notes(formats: Sequence[str], options: ResultOptions, peak: float, info: PictureInfo = NO_INFO) -> list[str]:
    """What the formats cannot hold, in words for the user.

    Args:
        formats: names.
        options: how they are written.
        peak: brightest value of the image.
        info: what goes along with it.
    """
    written = {name: result_format(name) for name in formats}
    limits = dict.fromkeys(form.largest(options) for form in written.values())
    notes = [f"above {limit:.5g} clipped by {what}" for limit, what in limits if peak > limit]
    nits = options.white_nits
    shown = [form.largest(options)[1] for form in written.values() if form.white == "display"]
    if nits not in (None, WHITE, SDR_WHITE_NITS):
        notes += [f"{what} cannot say that 1.0 is {nits:g} cd/m²: there it is the display's white" for what in shown]
    silent = [name for name, form in written.items() if form.white == "lost"]
    if nits is not None and silent:
        notes.append(f"{', '.join(silent)} cannot say that 1.0 is {nits:g} cd/m²")
    bare = [name for name, form in written.items() if not form.metadata]
    if bare and not options.strip_metadata and (info.exif is not None or info.xmp is not None):
        notes.append(f"{', '.join(bare)} cannot hold EXIF and XMP")
    return notes


class ResultFiles:
    """Takes linear rows from top to bottom; every file appears under its name only when complete.

    Args:
        directory: where the files go.
        stem: their common name.
        formats: names of `--to`.
        result: what is known of it.

    Attributes:
        notes: what the formats changed, in words for the user; known when the files are complete.
    """

    def __init__(
        self,
        directory: Path,
        stem: str,
        formats: Sequence[str],
        result: Result,
    ) -> None:
        result_paths(directory, stem, formats)
        self._place = directory / stem
        self._formats = {name: result_format(name) for name in formats}
        self._result = result
        self.notes: list[str] = []

    def __enter__(self) -> "ResultFiles":
        self._stack = ExitStack()
        self._stack.__enter__()
        self._streams = []
        for name, form in self._formats.items():
            if form.open is not None:
                self._streams.append(self._stack.enter_context(form.open(self._result.to(self._paths(name)))))
        self._spool = None
        if len(self._streams) < len(self._formats):
            self._spool = self._stack.enter_context(SpooledRows(self._place.parent, self._result.width))
        return self

    def _paths(self, name: str) -> list[Path]:
        return result_paths(self._place.parent, self._place.name, [name])

    def write_rows(self, rows: Float32[np.ndarray, "rows width 3"]) -> None:
        """Adds the next rows, linear, 1.0 = the photograph's white."""
        for write_rows in self._streams:
            write_rows(rows)
        if self._spool is not None:
            self._spool.append(rows)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None and self._spool is not None:
            try:
                self._write_whole(self._spool)
            except BaseException as failure:
                self._stack.__exit__(type(failure), failure, failure.__traceback__)
                raise
        self._stack.__exit__(kind, error, trace)

    def _write_whole(self, spool: SpooledRows) -> None:
        for name, form in self._formats.items():
            if form.open is None:
                self.notes += form.write(self._result.to(self._paths(name), spool.bands)) or ()
