"""Photographs of 16 bits per channel, which Pillow would silently read as 8."""

from pathlib import Path
from typing import NamedTuple

import imagecodecs
import numpy as np
import tifffile
from PIL import Image

from twostage_hdr.errors import InputError

_PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_PNG_DEPTH_OFFSET = 24
_EXIF_ORIENTATION = 0x0112
_TIFF_ICC_PROFILE = 34675
_TIFF_ALPHA_LIMIT = 4
_TIFF_SIGNATURES = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")  # the last two are BigTIFF's


class DeepImage(NamedTuple):
    """16-bit samples (height, width, 1..4) as stored, the EXIF orientation and the ICC profile beside them."""

    samples: np.ndarray
    orientation: int
    profile: bytes | None


def is_deep_png(path: Path) -> bool:
    """Whether the file is a PNG of 16 bits per channel."""
    with path.open("rb") as file:
        head = file.read(_PNG_DEPTH_OFFSET + 1)
    return head.startswith(_PNG_SIGNATURE) and len(head) > _PNG_DEPTH_OFFSET and head[_PNG_DEPTH_OFFSET] == 16


def read_deep_png(path: Path) -> DeepImage:
    """Read a 16-bit PNG of any colour type."""
    samples = imagecodecs.png_decode(path.read_bytes())
    if samples.ndim == 2:
        samples = samples[:, :, None]
    with Image.open(path) as image:
        profile = image.info.get("icc_profile")
        orientation = image.getexif().get(_EXIF_ORIENTATION, 1)
    return DeepImage(samples, orientation, profile)


def read_deep_tiff(path: Path) -> DeepImage | None:
    """Read a 16-bit TIFF; None if the file is no TIFF, or one of 8 bits or fewer.

    Raises:
        InputError: floating-point or 32-bit pixels, or a colour model other than grey and RGB.
    """
    with path.open("rb") as opened:
        if opened.read(4) not in _TIFF_SIGNATURES:
            return None
    with tifffile.TiffFile(path) as file:
        page = file.pages.first
        if page.bitspersample <= 8:
            return None
        if page.dtype != np.uint16:
            raise InputError(f"{path}: {page.dtype} pixels; a photograph of 8 or 16 bits per channel is expected here")
        if page.photometric not in (0, 1, 2):
            raise InputError(
                f"{path}: 16-bit TIFF with colour model {tifffile.PHOTOMETRIC(page.photometric).name}; export it as RGB"
            )
        samples = page.asarray()
        orientation = page.tags.valueof(_EXIF_ORIENTATION, default=1)
        profile = page.tags.valueof(_TIFF_ICC_PROFILE)
        planar = page.planarconfig == tifffile.PLANARCONFIG.SEPARATE and page.samplesperpixel > 1
        inverted = page.photometric == tifffile.PHOTOMETRIC.MINISWHITE
    samples = samples[:, :, None] if samples.ndim == 2 else np.moveaxis(samples, 0, -1) if planar else samples
    samples = np.iinfo(np.uint16).max - samples if inverted else samples
    return DeepImage(samples[:, :, :_TIFF_ALPHA_LIMIT], int(orientation), profile)
