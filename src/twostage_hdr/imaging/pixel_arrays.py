"""Names for the arrays that files are read into and written from."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

import numpy as np
from jaxtyping import Float32, UInt8, UInt16

LdrPixels: TypeAlias = UInt8[np.ndarray, "height width 3"] | UInt16[np.ndarray, "height width 3"]
"""An ordinary photograph: display-encoded RGB, sRGB/Rec. 709 primaries, full integer range."""

LinearPixels: TypeAlias = Float32[np.ndarray, "height width 3"]
"""Linear RGB, Rec. 709 primaries, >= 0, relative scale: 1.0 is the white of the LDR frame where there is one."""

EncodedPixels: TypeAlias = Float32[np.ndarray, "height width 3"]
"""RGB encoded with gamma 2.24, >= 0; 1.0 is the clipping point of the LDR frame; may exceed 1."""

PreviewPixels: TypeAlias = UInt8[np.ndarray, "height width 3"]
"""Eight-bit sRGB, ready for any screen."""


@dataclass(frozen=True, kw_only=True)
class HdrImage:
    """An HDR image as read, with what the file says about itself.

    Attributes:
        pixels: HxWx3 float32, linear, Rec. 709 primaries, >= 0, relative scale.
        domain: How the file stores its values, in words ("linear half float", "gamma 2.24, 16 bits").
        notes: What was changed on the way, in words for the user; empty if nothing was.
        white_nits: Luminance in cd/m^2 of pixels of (1, 1, 1), where the file states it.
        alignratio: The challenge's scale (stored value = encoded value * alignratio), where there is one.
        primaries: Name of the file's primaries, "Rec. 709" unless it states others.
    """

    pixels: LinearPixels
    domain: str
    notes: tuple[str, ...] = ()
    white_nits: float | None = None
    alignratio: float | None = None
    primaries: str = "Rec. 709"


def row_bands(height: int, rows: int = 256) -> Iterator[slice]:
    """All rows, so many at a time, so that a large image needs no copies of itself."""
    return (slice(top, min(top + rows, height)) for top in range(0, height, rows))


EXIF_ORIENTATION = 0x0112
"""The tag of EXIF and TIFF."""


PILLOW_FORMATS = ("AVIF", "BMP", "GIF", "JPEG", "JPEG2000", "PNG", "PPM", "TIFF", "WEBP")
"""Pillow's decoders that a file may choose by its content. Of the others one runs a program (EPS), and few are used."""

ROTATED = "rotated by EXIF orientation"
"""The note on a picture that was turned."""


class StoredImage(NamedTuple):
    """Samples (height, width, 1..4), uint8 or uint16, and what lies beside them."""

    samples: np.ndarray
    orientation: int = 1
    """EXIF's, 1 to 8."""
    profile: bytes | None = None
    """ICC."""
    bits: int | None = None
    """Of a sample of full range; None for all that its type has."""

    def upright_rgb(self) -> tuple[np.ndarray, list[str]]:
        """Samples of three channels, turned upright, and notes on what was changed."""
        channels = self.samples.shape[2]
        notes = ["alpha channel dropped"] if channels in (2, 4) else []
        notes += [ROTATED] if self.orientation in range(2, 9) else []
        rgb = self.samples[:, :, :3] if channels >= 3 else np.repeat(self.samples[:, :, :1], 3, axis=2)
        return np.ascontiguousarray(upright(rgb, self.orientation)), notes


def upright(pixels: np.ndarray, orientation: int) -> np.ndarray:
    """A view of pixels (height, width, ...) turned upright by the EXIF orientation 2..8; others mean "upright"."""
    if orientation not in range(2, 9):
        return pixels
    down, right = (-1 if orientation in mirrored else 1 for mirrored in ((3, 4, 6, 7), (2, 3, 7, 8)))
    turned = pixels[::down, ::right]
    return turned.swapaxes(0, 1) if orientation > 4 else turned


def eight_bits(pixels: LdrPixels) -> PreviewPixels:
    """A photograph's pixels, uint8 or uint16, as uint8."""
    return pixels if pixels.dtype == np.uint8 else (pixels // 257).astype(np.uint8)
