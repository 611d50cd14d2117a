"""Camera RAW, developed to the 8-bit photograph that the camera could have written."""

from pathlib import Path

import numpy as np

from twostage_hdr.boundary.pixel_limit import check_pixels
from twostage_hdr.errors import InputError
from twostage_hdr.imaging.pixel_arrays import LdrPixels

_RAW_NAMES = "3fr arw cr2 cr3 dng erf iiq nef nrw orf pef raf rw2 rwl sr2 srf srw"
RAW_SUFFIXES = frozenset(f".{name}" for name in _RAW_NAMES.split())
"""Most are TIFF inside, so that only the name tells them from a photograph: Pillow would take their thumbnail."""
SRGB_CURVE = (2.4, 12.92)
"""Power and slope at black of the sRGB encoding, as LibRaw takes them."""


def develop_raw(path: Path, *, fixed_brightness: bool = False) -> LdrPixels:
    """Develops a RAW file with the camera's white balance; sRGB, upright.

    Args:
        path: the file.
        fixed_brightness: 16 bits whose white is the sensor's, so that the frames of a bracket keep their exposures;
            else 8 bits with LibRaw's automatic brightness.

    Raises:
        InputError: rawpy is not installed, or LibRaw cannot read the file.
    """
    try:
        import rawpy
    except ImportError:
        raise InputError(path, "camera RAW needs one more package", "pip install rawpy") from None
    try:
        with rawpy.imread(str(path)) as raw:
            check_pixels(path, raw.sizes.raw_width, raw.sizes.raw_height)
            developed: np.ndarray = raw.postprocess(
                use_camera_wb=True,
                output_bps=16 if fixed_brightness else 8,
                gamma=SRGB_CURVE,
                output_color=rawpy.ColorSpace.sRGB,
                no_auto_bright=fixed_brightness,
                adjust_maximum_thr=0.0 if fixed_brightness else 0.75,
            )
    except rawpy.LibRawError as error:
        reason = error.args[0].decode() if error.args and isinstance(error.args[0], bytes) else str(error)
        raise InputError(
            path, f"camera RAW that cannot be developed here ({reason})", "export it as JPEG, PNG or TIFF"
        ) from error
    return developed


def embedded_jpeg(path: Path) -> bytes | None:
    """The preview that a camera puts into a RAW file, as a rule with its EXIF data; None if there is none."""
    import rawpy

    try:
        with rawpy.imread(str(path)) as raw:
            preview = raw.extract_thumb()
    except rawpy.LibRawError:
        return None
    return bytes(preview.data) if preview.format == rawpy.ThumbFormat.JPEG else None
