"""TIFF photographs in grey or RGB: Pillow would silently read many as 8 bits, and cannot read others."""

from pathlib import Path

import numpy as np
import tifffile

from twostage_hdr.errors import InputError
from twostage_hdr.imaging.pixel_arrays import EXIF_ORIENTATION, StoredImage
from twostage_hdr.imaging.tiff import check_tiff, colour_model

_ICC_PROFILE = 34675
_MOST_CHANNELS = 4
_SIGNATURES = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")  # the last two are BigTIFF's
_GREY_AND_RGB = (tifffile.PHOTOMETRIC.MINISWHITE, tifffile.PHOTOMETRIC.MINISBLACK, tifffile.PHOTOMETRIC.RGB)


def read_tiff_beyond_pillow(path: Path) -> StoredImage | None:
    """Read a TIFF of one grey or RGB picture of 8 to 16 bits, in any compression; None if the file is another one.

    Samples of 9 to 15 bits are scaled to the range of 16.

    Raises:
        InputError: floating-point or 32-bit pixels, or a colour model other than grey and RGB.
    """
    with path.open("rb") as opened:
        if opened.read(4) not in _SIGNATURES:
            return None
    with tifffile.TiffFile(path) as file:
        page = file.pages.first
        bits = page.bitspersample
        if bits < 8 or (bits == 8 and (page.photometric not in _GREY_AND_RGB or len(file.pages) > 1)):
            return None
        if page.dtype not in (np.uint8, np.uint16):
            raise InputError(path, f"{page.dtype} pixels", "a photograph of 8 or 16 bits per channel is expected here")
        if page.photometric not in _GREY_AND_RGB:
            raise InputError(
                path,
                f"{bits}-bit TIFF with colour model {colour_model(page.photometric)}",
                "export it as RGB",
            )
        check_tiff(path, page)
        samples = page.asarray()
        orientation = page.tags.valueof(EXIF_ORIENTATION, default=1)
        profile = page.tags.valueof(_ICC_PROFILE)
        planar = page.planarconfig == tifffile.PLANARCONFIG.SEPARATE and page.samplesperpixel > 1
        inverted = page.photometric == tifffile.PHOTOMETRIC.MINISWHITE
    samples = samples[:, :, None] if samples.ndim == 2 else np.moveaxis(samples, 0, -1) if planar else samples
    samples = samples[:, :, :_MOST_CHANNELS]
    largest, full = 2**bits - 1, np.iinfo(samples.dtype).max
    samples = largest - samples if inverted else samples
    if largest != full:
        samples = ((samples.astype(np.uint32) * full + largest // 2) // largest).astype(samples.dtype)
    return StoredImage(samples, int(orientation), profile)
