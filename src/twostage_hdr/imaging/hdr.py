"""Reading an HDR file of any format that people have."""

from collections.abc import Callable, Mapping
from pathlib import Path

from twostage_hdr.boundary.file_reader import file_reader
from twostage_hdr.errors import InputError
from twostage_hdr.imaging.challenge_png import read_challenge_as_linear
from twostage_hdr.imaging.colour_codes import is_hdr_signal
from twostage_hdr.imaging.exr import read_exr
from twostage_hdr.imaging.jpegxl import read_linear_jpegxl
from twostage_hdr.imaging.photograph import read_own_light
from twostage_hdr.imaging.pixel_arrays import HdrImage
from twostage_hdr.imaging.radiance import read_radiance
from twostage_hdr.imaging.tiff import read_tiff

__all__ = ["HDR_READERS", "HdrImage", "read_hdr"]


def _by_colour_codes(otherwise: Callable[[Path], HdrImage]) -> Callable[[Path], HdrImage]:
    """PQ and HLG by their colour codes, files without them by another reader."""
    return lambda path: read_own_light(path) if is_hdr_signal(path) else otherwise(path)


HDR_READERS: Mapping[str, Callable[[Path], HdrImage]] = {
    ".hdr": read_radiance,
    ".pic": read_radiance,
    ".exr": read_exr,
    ".tif": read_tiff,
    ".tiff": read_tiff,
    ".png": _by_colour_codes(read_challenge_as_linear),
    ".jpg": read_own_light,
    ".jpeg": read_own_light,
    ".avif": read_own_light,
    ".jxl": _by_colour_codes(read_linear_jpegxl),
}
"""Reader by suffix."""


@file_reader("HDR image", "export it again")
def read_hdr(path: Path) -> HdrImage:
    """Read an HDR image as linear Rec. 709 RGB, float32, relative scale; the suffix tells the format.

    A PNG without colour codes needs its alignratio beside it: `0001_gt.png` and `photo_hdr.png` go with
    `0001_alignratio.npy` and `photo_alignratio.npy`.

    Raises:
        InputError: missing, empty, of an unknown format, damaged, or holding NaN or infinite values.
    """
    reader = HDR_READERS.get(path.suffix.lower())
    if reader is None:
        suffix = f"'{path.suffix}'" if path.suffix else "a name without suffix"
        raise InputError(path, f"{suffix} is no HDR format known here", f"use one of {', '.join(HDR_READERS)}")
    return reader(path)
