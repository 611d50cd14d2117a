"""What the file of a format says about it, and what it gets to write."""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Protocol, TypeAlias, get_args, runtime_checkable

import numpy as np
from jaxtyping import Float32

from twostage_hdr.errors import InputError
from twostage_hdr.imaging.chromaticities import Chromaticities, to_primaries
from twostage_hdr.imaging.picture_info import NO_INFO, PictureInfo
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
    """What is known of a result besides its rows.

    Attributes:
        width: pixels in a row.
        height: number of rows.
        options: see `ResultOptions`.
        info: what goes along with the pixels, and their primaries.
        base: the photograph, encoded like sRGB, in these primaries, for ordinary screens; None tone maps the result.
        source: the photograph's file, whose JPEG bytes Ultra HDR keeps where it can; None where there is not just one.
        uncertainty: None where there is none.
    """

    width: int
    height: int
    options: ResultOptions = DEFAULTS
    info: PictureInfo = NO_INFO
    base: PreviewPixels | None = None
    source: Path | None = None
    uncertainty: Uncertainty | None = None

    def known(self) -> dict[str, Any]:
        """These attributes, for a result of which more is known; no metadata where the options leave them out."""
        known = {attribute.name: getattr(self, attribute.name) for attribute in fields(Result)}
        return known | {"info": self.info.without_metadata()} if self.options.strip_metadata else known


@dataclass(frozen=True, kw_only=True)
class Target(Result):
    """Where one result goes in one format.

    Attributes:
        paths: the format's files, in the order of its endings.
    """

    paths: Sequence[Path]

    @property
    def path(self) -> Path:
        """The only file, or the first."""
        return self.paths[0]


@dataclass(frozen=True, kw_only=True)
class WholeResult(Target):
    """A result that is complete.

    Attributes:
        spooled: gives the linear rows from top to bottom, as often as it is called.
    """

    spooled: Callable[[], Iterator[LinearPixels]]

    def rows(self, primaries: Chromaticities | None = None) -> Iterator[LinearPixels]:
        """Linear rows in their own primaries, or in others: colours outside their gamut are clipped."""
        for rows in self.spooled():
            yield rows if primaries is None else to_primaries(rows, self.info.primaries, primaries)

    def image(self, primaries: Chromaticities | None = None) -> LinearPixels:
        """All rows."""
        return np.concatenate(list(self.rows(primaries)))


@runtime_checkable
class RowWriter(Protocol):
    """A file that takes rows as they come, and appears under its name when all of them came."""

    def write_rows(self, rows: LinearPixels, /) -> None:
        """Appends linear rows, (count, width, 3)."""

    def __enter__(self) -> "RowWriter": ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> bool | None: ...


@dataclass(frozen=True, kw_only=True)
class ResultFormat:
    """A choice of `--to`.

    Attributes:
        endings: what its files add to the photograph's stem.
        largest: the value above which it clips, by the options, and what clips, in words.
        white: whether it can say which luminance 1.0 has: "held", "lost", or fixed as the "display" white.
        metadata: whether it holds EXIF and XMP, or what they say.
    """

    endings: tuple[str, ...]
    largest: Callable[[ResultOptions], tuple[float, str]] = lambda _: (math.inf, "")
    white: Literal["held", "lost", "display"] = "held"
    metadata: bool = True


@dataclass(frozen=True, kw_only=True)
class RowFormat(ResultFormat):
    """A format that is written by rows, so that memory does not grow with the image.

    Attributes:
        open: begins the file.
    """

    open: Callable[[Target], RowWriter]

    def save(
        self, path: str | Path, linear: LinearPixels, options: ResultOptions = DEFAULTS, info: PictureInfo = NO_INFO
    ) -> None:
        """Writes a whole image, linear pixels in the primaries of `info`."""
        height, width = linear.shape[:2]
        with self.open(Target(paths=[Path(path)], width=width, height=height, options=options, info=info)) as file:
            file.write_rows(linear)


@dataclass(frozen=True, kw_only=True)
class WholeFormat(ResultFormat):
    """A format whose files need the complete image.

    Attributes:
        write: writes the files; gives notes for the user, if any.
    """

    write: Callable[[WholeResult], Sequence[str] | None]

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
        """Writes an image of one file, see `WholeResult`; gives the notes."""
        height, width = linear.shape[:2]
        known = Result(width=width, height=height, options=options, info=info, base=base, source=source).known()
        return list(self.write(WholeResult(paths=[Path(path)], spooled=lambda: iter((linear,)), **known)) or ())


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
