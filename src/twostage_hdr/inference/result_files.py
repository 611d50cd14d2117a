"""The files of one reconstruction, fed row by row."""

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TypeAlias

import numpy as np
from jaxtyping import Float32

from twostage_hdr.errors import InputError
from twostage_hdr.imaging.avif import write_avif
from twostage_hdr.imaging.challenge_png import ChallengeRowWriter, alignratio_of
from twostage_hdr.imaging.exr import LARGEST_HALF, ExrCompression, ExrRowWriter
from twostage_hdr.imaging.jpeg_segments import SDR_WHITE_NITS
from twostage_hdr.imaging.jpegxl import write_jpegxl
from twostage_hdr.imaging.pixel_arrays import LinearPixels, PreviewPixels
from twostage_hdr.imaging.preview import exposure_strip, preview, write_png8
from twostage_hdr.imaging.radiance import RadianceRowWriter
from twostage_hdr.imaging.tiff import TiffRowWriter
from twostage_hdr.imaging.ultra_hdr import write_ultra_hdr
from twostage_hdr.inference.spooled_rows import SpooledRows
from twostage_hdr.radiometry.gamma import HDM_GAMMA
from twostage_hdr.radiometry.photometry import PQ_PEAK, WHITE

ENDINGS: dict[str, tuple[str, ...]] = {
    "exr": (".exr",),
    "png16": ("_hdr.png", "_alignratio.npy"),
    "hdr": (".hdr",),
    "tiff": (".tif",),
    "ultrahdr": ("_ultrahdr.jpg",),
    "avif": (".avif",),
    "jxl": (".jxl",),
    "preview": ("_preview.png",),
    "strip": ("_exposures.png",),
    "uncertainty": ("_uncertainty.exr", "_uncertainty.png"),
}
"""Formats by name, and what each adds to the photograph's stem."""

DEFAULT_FORMATS = ("exr", "png16")

Uncertainty: TypeAlias = Callable[[int, int], Float32[np.ndarray, "rows width"]]
"""Stops between the 10 and the 90 % quantile of the light in the rows from one to another."""

UNCERTAINTY_STOPS = 4.0
"""Uncertainty at which its picture has the colour map's last colour."""
_ROWS_AT_ONCE = 256

_STREAMED = ("exr", "hdr", "tiff")
"""Formats that take rows as they come; the others need the whole image first."""


@dataclass(frozen=True, kw_only=True)
class ResultOptions:
    """How files are written.

    Attributes:
        half: OpenEXR with 16-bit floats, else 32-bit.
        compression: of OpenEXR.
        white_nits: luminance of linear 1.0 in cd/m^2: stored in OpenEXR, and the scale of PQ formats. None stores
            nothing and scales PQ by 200.
        quality: of lossy formats, 1 to 100.
    """

    half: bool = True
    compression: ExrCompression = "zip"
    white_nits: float | None = None
    quality: int = 95


def result_paths(directory: Path, stem: str, formats: Sequence[str]) -> list[Path]:
    """The files that a photograph of that stem becomes.

    Raises:
        InputError: unknown format.
    """
    for name in formats:
        if name not in ENDINGS:
            raise InputError(f"format {name!r}", "unknown", f"choose from {', '.join(ENDINGS)}")
    return [directory / f"{stem}{ending}" for name in formats for ending in ENDINGS[name]]


def loss_notes(formats: Sequence[str], options: ResultOptions, peak: float) -> list[str]:
    """What the formats cannot hold of an image whose brightest value is `peak`, in words for the user."""
    white = options.white_nits or WHITE
    limits = {
        "OpenEXR of 16-bit floats": LARGEST_HALF if "exr" in formats and options.half else np.inf,
        "PQ": PQ_PEAK / white if {"avif", "jxl"} & set(formats) else np.inf,
        "Ultra HDR": PQ_PEAK / SDR_WHITE_NITS if "ultrahdr" in formats else np.inf,
    }
    notes = [f"above {limit:.5g} clipped by {name}" for name, limit in limits.items() if peak > limit]
    if options.white_nits not in (None, WHITE, SDR_WHITE_NITS) and "ultrahdr" in formats:
        notes.append(f"Ultra HDR cannot say that 1.0 is {options.white_nits:g} cd/m²: there it is the display's white")
    silent = [name for name in ("png16", "hdr", "tiff") if name in formats]
    if options.white_nits is not None and silent:
        notes.append(f"{', '.join(silent)} cannot say that 1.0 is {options.white_nits:g} cd/m²")
    return notes


class ResultFiles:
    """Takes linear rows from top to bottom; every file appears under its name only when complete.

    Args:
        directory: where the files go.
        stem: their common name.
        formats: keys of `ENDINGS`.
        width: pixels in a row.
        height: number of rows.
        options: see `ResultOptions`.
        base: the photograph in sRGB, which Ultra HDR shows on ordinary screens; None tone maps the result.
        uncertainty: what the format of that name writes.
    """

    def __init__(
        self,
        directory: Path,
        stem: str,
        formats: Sequence[str],
        *,
        width: int,
        height: int,
        options: ResultOptions,
        base: PreviewPixels | None = None,
        uncertainty: Uncertainty | None = None,
    ) -> None:
        result_paths(directory, stem, formats)
        self._place = directory / stem
        self._formats, self._options, self._base = formats, options, base
        self._uncertainty = uncertainty
        self._width, self._height = width, height
        self._brightest = 0.0

    def _path(self, name: str, place: int = 0) -> Path:
        return self._place.with_name(self._place.name + ENDINGS[name][place])

    def __enter__(self) -> "ResultFiles":
        self._stack = ExitStack()
        self._stack.__enter__()
        size = {"width": self._width, "height": self._height}
        options = self._options
        writers: dict[str, Callable[[], ExrRowWriter | RadianceRowWriter | TiffRowWriter]] = {
            "exr": lambda: ExrRowWriter(
                self._path("exr"),
                width=self._width,
                height=self._height,
                half=options.half,
                compression=options.compression,
                white_nits=options.white_nits,
            ),
            "hdr": lambda: RadianceRowWriter(self._path("hdr"), **size),
            "tiff": lambda: TiffRowWriter(self._path("tiff"), **size),
        }
        self._streams = [writers[name]() for name in self._formats if name in _STREAMED]
        for stream in self._streams:
            self._stack.enter_context(stream)
        self._spool = None
        if any(name not in (*_STREAMED, "uncertainty") for name in self._formats):
            self._spool = self._stack.enter_context(SpooledRows(self._place.parent, **size))
        return self

    def write_rows(self, rows: Float32[np.ndarray, "rows width 3"]) -> None:
        """Adds the next rows, linear, 1.0 = the photograph's white."""
        for stream in self._streams:
            stream.write_rows(rows)
        if self._spool is not None:
            self._spool.append(rows)
            self._brightest = max(self._brightest, float(rows.max()))

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:
            try:
                if self._spool is not None:
                    self._write_whole(self._spool)
                if "uncertainty" in self._formats:
                    self._write_uncertainty()
            except BaseException as failure:
                self._stack.__exit__(type(failure), failure, failure.__traceback__)
                raise
        self._stack.__exit__(kind, error, trace)

    def _write_whole(self, spool: SpooledRows) -> None:
        if "png16" in self._formats:
            self._write_challenge_pair(spool)
        names = [name for name in self._formats if name not in (*_STREAMED, "png16", "uncertainty")]
        if not names:
            return
        linear: LinearPixels = spool.image()
        options, nits = self._options, self._options.white_nits or WHITE
        writers: dict[str, Callable[[Path], None]] = {
            "ultrahdr": lambda path: write_ultra_hdr(path, linear, base=self._base, quality=options.quality),
            "avif": lambda path: write_avif(path, linear, white_nits=nits, quality=options.quality),
            "jxl": lambda path: write_jpegxl(path, linear, white_nits=nits, quality=options.quality),
            "preview": lambda path: write_png8(path, preview(linear)),
            "strip": lambda path: write_png8(path, exposure_strip(linear, panel_width=640)),
        }
        for name in names:
            writers[name](self._path(name))

    def _write_challenge_pair(self, spool: SpooledRows) -> None:
        alignratio = alignratio_of(np.full((1, 1, 3), self._brightest, np.float32) ** np.float32(1 / HDM_GAMMA))
        png, scale = self._path("png16"), self._path("png16", 1)
        with ChallengeRowWriter(png, scale, width=self._width, height=self._height, alignratio=alignratio) as file:
            for rows in spool.bands():
                file.write_rows(rows ** np.float32(1 / HDM_GAMMA))

    def _write_uncertainty(self) -> None:
        assert self._uncertainty is not None
        picture = np.empty((self._height, self._width, 3), np.uint8)
        from matplotlib import colormaps  # half a second, for this format alone

        colours = colormaps["inferno"]
        with ExrRowWriter(self._path("uncertainty"), width=self._width, height=self._height, grey=True) as file:
            for top in range(0, self._height, _ROWS_AT_ONCE):
                stops = self._uncertainty(top, min(top + _ROWS_AT_ONCE, self._height))
                file.write_rows(stops[..., None])
                picture[top : top + _ROWS_AT_ONCE] = colours(stops / UNCERTAINTY_STOPS, bytes=True)[..., :3]
        write_png8(self._path("uncertainty", 1), picture)
