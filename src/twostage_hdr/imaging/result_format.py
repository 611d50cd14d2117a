"""What the file of a format says about it, and what it gets to write."""

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, TypeAlias, get_args

import numpy as np
from jaxtyping import Float32

from twostage_hdr.errors import InputError
from twostage_hdr.imaging.chromaticities import Chromaticities, to_primaries
from twostage_hdr.imaging.exif import NO_INFO, PictureInfo
from twostage_hdr.imaging.pixel_arrays import LinearPixels, PreviewPixels
from twostage_hdr.radiometry.photometry import PQ_PEAK, WHITE

Uncertainty: TypeAlias = Callable[[int, int], Float32[np.ndarray, "rows width"]]
"""Stops between the 10 and the 90 % quantile of the light in the rows from one to another."""
ExrCompression: TypeAlias = Literal["none", "rle", "zips", "zip", "piz", "pxr24", "b44", "dwaa", "dwab"]
"""OpenEXR's methods; pxr24 (float), b44, dwaa and dwab lose a little."""
GainMapSize: TypeAlias = Literal["full", "half", "quarter"]
"""Side of an Ultra HDR gain map, as a share of the picture's."""


@dataclass(frozen=True, kw_only=True)
class ResultOptions:
    """How files are written.

    Attributes:
        half: OpenEXR with 16-bit floats, else 32-bit.
        compression: of OpenEXR.
        white_nits: luminance of linear 1.0 in cd/m^2: stored in OpenEXR, and the scale of PQ formats. None stores
            nothing and scales PQ by 200.
        quality: of lossy formats, 1 to 100.
        gain_map: size of Ultra HDR's gain map.
        one_channel: whether it holds one gain a pixel, that of the luminance, instead of three.
        strip_metadata: leaves out what the photograph says about itself: EXIF, XMP, place, date.
    """

    half: bool = True
    compression: ExrCompression = "zip"
    white_nits: float | None = None
    quality: int = 95
    gain_map: GainMapSize = "full"
    one_channel: bool = False
    strip_metadata: bool = False


DEFAULTS = ResultOptions()
"""Those of the command line."""


@dataclass(frozen=True, kw_only=True)
class Result:
    """A result on its way into files; its rows come one after the other, or are complete.

    Attributes:
        width: pixels in a row.
        height: number of rows.
        options: see `ResultOptions`.
        info: what goes along with the pixels, and their primaries.
        base: the photograph, encoded like sRGB, in these primaries, for ordinary screens; None tone maps the result.
        source: the photograph's file, whose JPEG bytes Ultra HDR keeps where it can; None where there is not just one.
        uncertainty: None where there is none.
        paths: files of one format, in the order of its endings.
        spooled: gives the complete linear rows from top to bottom, as often as it is called.
    """

    width: int
    height: int
    options: ResultOptions = DEFAULTS
    info: PictureInfo = NO_INFO
    base: PreviewPixels | None = None
    source: Path | None = None
    uncertainty: Uncertainty | None = None
    paths: Sequence[Path] = ()
    spooled: Callable[[], Iterator[LinearPixels]] = lambda: iter(())

    def to(self, paths: Sequence[Path], spooled: Callable[[], Iterator[LinearPixels]] = lambda: iter(())) -> "Result":
        """This for the files of one format; without metadata where the options leave them out."""
        info = self.info.without_metadata() if self.options.strip_metadata else self.info
        return replace(self, info=info, paths=paths, spooled=spooled)

    @property
    def path(self) -> Path:
        """The only file, or the first."""
        return self.paths[0]

    def bands(self, primaries: Chromaticities | None = None) -> Iterator[LinearPixels]:
        """Complete rows in their own primaries, or in others: colours outside their gamut are clipped."""
        for rows in self.spooled():
            yield rows if primaries is None else to_primaries(rows, self.info.primaries, primaries)

    def image(self, primaries: Chromaticities | None = None) -> LinearPixels:
        """All of them."""
        return np.concatenate(list(self.bands(primaries)))


WriteRows: TypeAlias = Callable[[np.ndarray], None]
"""Appends linear rows, (count, width, 3), to a file."""


@dataclass(frozen=True, kw_only=True)
class ResultFormat:
    """A choice of `--to`.

    Attributes:
        endings: what its files add to the photograph's stem.
        open: begins a file that is written by rows, so that memory does not grow with the image, and that appears
            under its name when all of them came; or else
        write: writes files that need the complete image; gives notes for the user, if any.
        largest: the value above which it clips, by the options, and what clips, in words.
        white: whether it can say which luminance 1.0 has: "held", "lost", or fixed as the "display" white.
        metadata: whether it holds EXIF and XMP, or what they say.
    """

    endings: tuple[str, ...]
    open: Callable[[Result], AbstractContextManager[WriteRows]] | None = None
    write: Callable[[Result], Sequence[str] | None] = lambda _: None
    largest: Callable[[ResultOptions], tuple[float, str]] = lambda _: (math.inf, "")
    white: Literal["held", "lost", "display"] = "held"
    metadata: bool = True

    def save(
        self,
        path: str | Path,
        linear: LinearPixels,
        options: ResultOptions = DEFAULTS,
        info: PictureInfo = NO_INFO,
        *,
        base: PreviewPixels | None = None,
        source: Path | None = None,
    ) -> list[str]:
        """Writes an image of one file, linear pixels in the primaries of `info`, see `Result`; gives the notes."""
        height, width = linear.shape[:2]
        known = Result(width=width, height=height, options=options, info=info, base=base, source=source)
        result = known.to([Path(path)], lambda: iter((linear,)))
        if self.open is None:
            return list(self.write(result) or ())
        with self.open(result) as write_rows:
            write_rows(linear)
        return []


def one_of(setting: str, value: str, choices: Any) -> Any:
    """A value that is one of a `Literal`'s.

    Raises:
        InputError: it is not.
    """
    if value not in get_args(choices):
        raise InputError(f"{setting} {value}", "unknown", f"choose from {', '.join(get_args(choices))}")
    return value


def pq_peak(options: ResultOptions) -> tuple[float, str]:
    """Where formats that hold PQ clip."""
    return PQ_PEAK / (options.white_nits or WHITE), "PQ"
