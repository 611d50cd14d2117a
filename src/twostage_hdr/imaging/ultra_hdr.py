"""Ultra HDR JPEG: a normal photograph for every viewer, HDR where viewer and display can."""

import io
import re
from pathlib import Path

import imagecodecs
import numpy as np
import torch
from PIL import Image, ImageCms

from twostage_hdr.boundary.file_reader import file_reader
from twostage_hdr.boundary.pixel_limit import HDR_BYTES, check_pixels
from twostage_hdr.boundary.regular_file import read_bytes
from twostage_hdr.errors import InputError
from twostage_hdr.imaging.atomic import atomic_path
from twostage_hdr.imaging.chromaticities import DISPLAY_P3, REC709, to_rec709_pixels
from twostage_hdr.imaging.colour_profile import upright
from twostage_hdr.imaging.jpeg_segments import SDR_WHITE_NITS, gain_map, join_ultra_hdr
from twostage_hdr.imaging.pixel_arrays import HdrImage, LinearPixels, PreviewPixels
from twostage_hdr.imaging.preview import preview
from twostage_hdr.radiometry.srgb import srgb_decode

_EXIF_ORIENTATION = 0x0112


def write_ultra_hdr(
    path: str | Path, linear: LinearPixels, *, base: PreviewPixels | None = None, quality: int = 95
) -> None:
    """Write linear Rec. 709 pixels as Ultra HDR JPEG.

    Args:
        path: A name ending in .jpg.
        linear: HxWx3, >= 0; 1.0 is SDR white, which a screen shows at the brightness of a white page.
        base: The picture for ordinary viewers, sRGB, of the same size: the photograph itself if there is one; None
            tone maps the HDR image.
        quality: JPEG quality of base and gain map, 1 to 100.
    """
    base = preview(linear) if base is None else base
    base_jpeg = _jpeg(base, quality)
    # Gains refer to what a reader will decode, so that they undo the base's compression errors as well.
    decoded = torch.from_numpy(imagecodecs.jpeg8_decode(base_jpeg)).float().div_(255)
    gains = gain_map(linear, srgb_decode(decoded).numpy())
    gain_jpeg = _jpeg(gains.codes, quality)
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    with atomic_path(path) as temporary:
        temporary.write_bytes(join_ultra_hdr(base_jpeg, profile, gain_jpeg, gains))


def _jpeg(pixels: PreviewPixels, quality: int) -> bytes:
    return bytes(imagecodecs.jpeg8_encode(np.ascontiguousarray(pixels), level=quality, subsampling="444"))


@file_reader("Ultra HDR JPEG", "an ordinary photograph goes to reconstruct")
def read_ultra_hdr(path: str | Path) -> HdrImage:
    """Read an Ultra HDR JPEG as linear Rec. 709, the gain applied in full; 1.0 is SDR white (203 cd/m^2).

    The decoder clips at 10000 cd/m^2, which is 49.3.

    Raises:
        InputError: damaged, or a JPEG without a gain map.
    """
    path = Path(path)
    data = read_bytes(path)
    for width, height in frame_sizes(data):
        check_pixels(path, width, height, HDR_BYTES)
    try:
        linear = imagecodecs.ultrahdr_decode(data)[:, :, :3].astype(np.float32)
    except imagecodecs.UltrahdrError as error:
        raise InputError(
            path, f"no Ultra HDR JPEG, or a damaged one ({error})", "an ordinary photograph goes to reconstruct"
        ) from error
    with Image.open(io.BytesIO(data), formats=("JPEG",)) as image:
        orientation = image.getexif().get(_EXIF_ORIENTATION, 1)
        profile = image.info.get("icc_profile")
    pixels, notes = to_rec709_pixels(linear, str(path), DISPLAY_P3 if _is_display_p3(profile) else REC709)
    turned, rotation = upright(pixels, orientation)
    return HdrImage(
        pixels=np.ascontiguousarray(turned),
        domain="SDR base with gain map, Ultra HDR JPEG",
        notes=(*notes, *rotation),
        white_nits=SDR_WHITE_NITS,
        primaries="Display P3" if _is_display_p3(profile) else "Rec. 709",
    )


def frame_sizes(data: bytes) -> list[tuple[int, int]]:
    """Width and height in px of every JPEG image in the data: base, gain map, thumbnails."""
    found = re.finditer(rb"\xff[\xc0-\xc3\xc5-\xc7\xc9-\xcb\xcd-\xcf]\x00[\x0b\x11]\x08(..)(..)", data, re.DOTALL)
    return [(int.from_bytes(frame[2], "big"), int.from_bytes(frame[1], "big")) for frame in found]


def _is_display_p3(profile: bytes | None) -> bool:
    if not profile:
        return False
    try:
        description = ImageCms.ImageCmsProfile(io.BytesIO(profile)).profile.profile_description
    except (OSError, ImageCms.PyCMSError):
        return False
    return "P3" in (description or "")
