"""The formats that results are written in, a line each; importing this is free, so that `--help` can name them."""

from importlib import import_module
from typing import TYPE_CHECKING

from twostage_hdr.errors import InputError

if TYPE_CHECKING:
    from twostage_hdr.imaging.result_format import ResultFormat

FORMATS = {
    "exr": "twostage_hdr.imaging.exr.EXR",
    "png16": "twostage_hdr.imaging.challenge_png.PNG16",
    "hdr": "twostage_hdr.imaging.radiance.RADIANCE",
    "tiff": "twostage_hdr.imaging.tiff.TIFF",
    "ultrahdr": "twostage_hdr.imaging.ultra_hdr.ULTRA_HDR",
    "avif": "twostage_hdr.imaging.avif.AVIF",
    "jxl": "twostage_hdr.imaging.jpegxl.JPEG_XL",
    "png": "twostage_hdr.imaging.pq_png.PNG",
    "preview": "twostage_hdr.imaging.preview.PREVIEW",
    "strip": "twostage_hdr.imaging.preview.STRIP",
    "uncertainty": "twostage_hdr.imaging.uncertainty.UNCERTAINTY",
}
"""Names of `--to`, and where each says how it is written."""
DEFAULT_FORMATS = ("exr", "png16")
OF_A_NETWORK = ("uncertainty",)
"""What only a reconstruction has; the others can be made of any HDR image."""


def formats_of_images() -> list[str]:
    """The formats that any HDR image can be written in."""
    return [name for name in FORMATS if name not in OF_A_NETWORK]


def result_format(name: str) -> "ResultFormat":
    """How a format is written.

    Raises:
        InputError: unknown.
    """
    if name not in FORMATS:
        raise InputError(f"format {name!r}", "unknown", f"choose from {', '.join(FORMATS)}")
    module, _, constant = FORMATS[name].rpartition(".")
    found: ResultFormat = getattr(import_module(module), constant)
    return found
