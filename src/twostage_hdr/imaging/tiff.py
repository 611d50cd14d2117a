"""TIFF: linear floating point, or 16 bits encoded like the challenge's PNG."""

import re
from pathlib import Path

import numpy as np
import tifffile

from twostage_hdr.errors import InputError
from twostage_hdr.imaging.challenge_png import positive_scale
from twostage_hdr.imaging.hdr_image import HdrImage
from twostage_hdr.imaging.orientation import upright
from twostage_hdr.imaging.rec709_pixels import to_rec709_pixels
from twostage_hdr.radiometry.gamma import HDM_GAMMA

_ORIENTATION = 274
_ALIGNRATIO = re.compile(r"gamma 2\.24, alignratio ([0-9.eE+-]+)")


def read_tiff(path: str | Path) -> HdrImage:
    """Read a linear floating-point TIFF, or a 16-bit one whose description states its alignratio.

    Raises:
        InputError: damaged, integers without a stated scale, or a colour model other than grey and RGB.
    """
    path = Path(path)
    try:
        with tifffile.TiffFile(path) as file:
            page = file.pages.first
            description, photometric = page.description, page.photometric
            planar = page.planarconfig == tifffile.PLANARCONFIG.SEPARATE and page.samplesperpixel > 1
            stored = page.asarray()
            orientation = int(page.tags.valueof(_ORIENTATION, default=1))
            pages = len(file.pages)
    except Exception as error:  # codecs raise their own types
        raise InputError(f"{path}: damaged or unreadable TIFF ({' '.join(str(error).split())})") from error
    if photometric not in (tifffile.PHOTOMETRIC.MINISBLACK, tifffile.PHOTOMETRIC.RGB):
        raise InputError(
            f"{path}: TIFF with colour model {tifffile.PHOTOMETRIC(photometric).name}; export it as linear RGB"
        )
    stored = stored[:, :, None] if stored.ndim == 2 else np.moveaxis(stored, 0, -1) if planar else stored
    if stored.ndim != 3 or 0 in stored.shape:
        raise InputError(f"{path}: TIFF of shape {stored.shape}; an image of height, width and channels is expected")
    notes = [f"first of {pages} pages used"] if pages > 1 else []
    notes += ["alpha channel dropped"] if stored.shape[2] in (2, 4) else []
    colour = np.repeat(stored[:, :, :1], 3, axis=2) if stored.shape[2] < 3 else stored[:, :, :3]
    linear, domain, alignratio = _to_linear(path, colour, description)
    turned, rotation = upright(linear, orientation)
    pixels, changes = to_rec709_pixels(turned, str(path))
    return HdrImage(pixels=pixels, domain=domain, notes=(*notes, *rotation, *changes), alignratio=alignratio)


def _to_linear(path: Path, stored: np.ndarray, description: str) -> tuple[np.ndarray, str, float | None]:
    if stored.dtype.kind == "f":
        return stored.astype(np.float32), f"linear {stored.dtype}, TIFF", None
    scale = _ALIGNRATIO.search(description)
    if stored.dtype != np.uint16 or scale is None:
        raise InputError(f"{path}: {stored.dtype} TIFF without a stated scale; HDR TIFF holds float values")
    alignratio = positive_scale(scale.group(1), str(path))
    encoded = (stored / alignratio).astype(np.float32)
    return np.power(encoded, np.float32(HDM_GAMMA)), "gamma 2.24, 16-bit TIFF with alignratio", alignratio
