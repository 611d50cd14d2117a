"""The files of one reconstruction, fed row by row."""

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import numpy as np

from twostage_hdr.imaging.exif import NO_INFO, PictureInfo
from twostage_hdr.imaging.formats import result_format
from twostage_hdr.imaging.pixel_arrays import LinearPixels
from twostage_hdr.imaging.result_format import Result, ResultOptions, WriteRows
from twostage_hdr.radiometry.photometry import SDR_WHITE_NITS, WHITE

__all__ = ["Result", "ResultOptions", "loss_notes", "result_files", "result_paths"]


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


class SpooledRows:
    """Rows that are needed twice, kept on disk instead of in memory.

    Args:
        file: empty.
        width: pixels in a row.
    """

    def __init__(self, file: IO[bytes], width: int) -> None:
        self._file, self._width = file, width

    def append(self, rows: LinearPixels) -> None:
        """Keeps the next rows, float32."""
        self._file.write(np.ascontiguousarray(rows).data)

    def bands(self, step: int = 256) -> Iterator[LinearPixels]:
        """All rows again, from top to bottom, at most `step` at a time."""
        self._file.seek(0)
        while data := self._file.read(step * self._width * 3 * 4):
            yield np.frombuffer(data, dtype=np.float32).reshape(-1, self._width, 3)


@dataclass(frozen=True)
class ResultFiles:
    """Takes linear rows from top to bottom."""

    streams: Sequence[WriteRows]
    spool: SpooledRows | None
    """For formats that need the complete image."""
    notes: list[str] = field(default_factory=list)
    """What the formats changed, in words for the user; known when the files are complete."""

    def write_rows(self, rows: LinearPixels) -> None:
        """Adds the next rows, linear, 1.0 = the photograph's white."""
        for stream in self.streams:
            stream(rows)
        if self.spool is not None:
            self.spool.append(rows)


@contextmanager
def result_files(directory: Path, stem: str, formats: Sequence[str], result: Result) -> Iterator[ResultFiles]:
    """Files to write rows to; every one appears under its name only when complete.

    Args:
        directory: where the files go.
        stem: their common name.
        formats: names of `--to`.
        result: what is known of it.

    Raises:
        InputError: unknown format.
    """
    chosen = [(result_format(name), result_paths(directory, stem, [name])) for name in dict.fromkeys(formats)]
    whole = [(form, paths) for form, paths in chosen if form.open is None]
    with ExitStack() as stack:
        streams = [stack.enter_context(form.open(result.to(paths))) for form, paths in chosen if form.open is not None]
        # Beside the results, so that it needs no other disk.
        file = stack.enter_context(tempfile.TemporaryFile(dir=directory)) if whole else None
        spool = None if file is None else SpooledRows(file, result.width)
        files = ResultFiles(streams, spool)
        yield files
        for form, paths in whole:
            assert spool is not None
            files.notes.extend(form.write(result.to(paths, spool.bands)) or ())
