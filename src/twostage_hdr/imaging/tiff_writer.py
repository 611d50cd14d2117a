"""Writing TIFF, whole or row by row: linear floats, or 16 bits encoded like the challenge's PNG."""

from pathlib import Path
from typing import Literal

import numpy as np
import OpenImageIO

from twostage_hdr.imaging.challenge_png import alignratio_of, quantise
from twostage_hdr.imaging.icc import rec709_profile
from twostage_hdr.imaging.pixel_arrays import EncodedPixels, LinearPixels
from twostage_hdr.imaging.scanline_writer import ScanlineWriter
from twostage_hdr.radiometry.gamma import HDM_GAMMA


class TiffRowWriter(ScanlineWriter):
    """A TIFF written by blocks of rows, with a colour profile.

    Args:
        path: A name ending in .tif or .tiff.
        width: Pixels in a row.
        height: Number of rows.
        alignratio: None writes 32-bit linear floats. A scale writes 16-bit integers, round(linear^(1/2.24) *
            alignratio), and the scale into the description, from which `read_tiff` takes it.
    """

    def __init__(self, path: str | Path, *, width: int, height: int, alignratio: float | None = None) -> None:
        spec = OpenImageIO.ImageSpec(width, height, 3, "float" if alignratio is None else "uint16")
        spec.attribute("compression", "zip")
        profile = np.frombuffer(rec709_profile(1.0 if alignratio is None else HDM_GAMMA), dtype=np.uint8)
        spec.attribute("ICCProfile", OpenImageIO.TypeDesc(f"uint8[{profile.size}]"), profile)
        if alignratio is not None:
            spec.attribute("ImageDescription", f"gamma {HDM_GAMMA}, alignratio {alignratio!r}")
        super().__init__(path, spec)
        self._alignratio = alignratio

    def write_rows(self, rows: LinearPixels) -> None:
        """Append rows of linear Rec. 709 pixels, (count, width, 3) float32."""
        self.write_samples(rows if self._alignratio is None else quantise(_encode(rows), self._alignratio))


def _encode(linear: LinearPixels) -> EncodedPixels:
    return np.power(np.maximum(linear, 0), np.float32(1 / HDM_GAMMA))


def write_tiff(path: str | Path, linear: LinearPixels, *, bits: Literal[16, 32] = 32) -> None:
    """Write linear Rec. 709 pixels as TIFF: 32-bit floats, or 16-bit integers scaled to their maximum."""
    height, width = linear.shape[:2]
    alignratio = alignratio_of(_encode(linear.max(keepdims=True, axis=(0, 1)))) if bits == 16 else None
    with TiffRowWriter(path, width=width, height=height, alignratio=alignratio) as file:
        file.write_rows(linear)
