"""Writing OpenEXR: linear Rec. 709, half or float, whole or row by row."""

from pathlib import Path
from typing import Literal, TypeAlias, cast, get_args

import numpy as np
import OpenImageIO

from twostage_hdr.errors import InputError
from twostage_hdr.imaging.chromaticities import REC709
from twostage_hdr.imaging.pixel_arrays import LinearPixels
from twostage_hdr.imaging.scanline_writer import ScanlineWriter

ExrCompression: TypeAlias = Literal["none", "rle", "zips", "zip", "piz", "pxr24", "b44", "dwaa", "dwab"]
"""OpenEXR's methods; pxr24 (float), b44, dwaa and dwab lose a little."""

LARGEST_HALF = float(np.finfo(np.float16).max)
"""Brighter values are clipped in files of 16-bit floats."""


def exr_compression(name: str) -> ExrCompression:
    """OpenEXR's compression of that name.

    Raises:
        InputError: unknown.
    """
    if name not in get_args(ExrCompression):
        raise InputError(f"--compression {name}: unknown; choose from {', '.join(get_args(ExrCompression))}")
    return cast(ExrCompression, name)


class ExrRowWriter(ScanlineWriter):
    """An OpenEXR file written by blocks of rows.

    Args:
        path: A name ending in .exr.
        width: Pixels in a row.
        height: Number of rows.
        half: 16-bit floats, values above 65504 clipped; else 32-bit.
        compression: OpenEXR's compression method.
        white_nits: Luminance in cd/m^2 of pixels of (1, 1, 1), stored as `whiteLuminance`; None leaves it open.
        pixel_aspect: Width / height of a pixel.
    """

    def __init__(
        self,
        path: str | Path,
        *,
        width: int,
        height: int,
        half: bool = True,
        compression: ExrCompression = "zip",
        white_nits: float | None = None,
        pixel_aspect: float = 1.0,
    ) -> None:
        spec = OpenImageIO.ImageSpec(width, height, 3, "half" if half else "float")
        spec.attribute("compression", compression)
        spec.attribute("oiio:ColorSpace", "lin_rec709_scene")
        spec.attribute("chromaticities", OpenImageIO.TypeDesc("float[8]"), tuple(float(v) for xy in REC709 for v in xy))
        if white_nits is not None:
            spec.attribute("whiteLuminance", float(white_nits))
        spec.attribute("PixelAspectRatio", float(pixel_aspect))
        super().__init__(path, spec)
        self._half = half

    def write_rows(self, rows: LinearPixels) -> None:
        """Append rows of linear Rec. 709 pixels, (count, width, 3) float32."""
        self.write_samples(np.minimum(rows, LARGEST_HALF).astype(np.float16) if self._half else rows)


def write_exr(
    path: str | Path,
    linear: LinearPixels,
    *,
    half: bool = True,
    compression: ExrCompression = "zip",
    white_nits: float | None = None,
    pixel_aspect: float = 1.0,
) -> None:
    """Write linear Rec. 709 pixels as OpenEXR; the arguments are ExrRowWriter's."""
    height, width = linear.shape[:2]
    with ExrRowWriter(
        path,
        width=width,
        height=height,
        half=half,
        compression=compression,
        white_nits=white_nits,
        pixel_aspect=pixel_aspect,
    ) as file:
        file.write_rows(linear)
