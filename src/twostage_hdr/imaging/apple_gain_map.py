"""Apple's gain map before ISO 21496-1: one more picture in a JPEG or HEIC, and the headroom in the EXIF maker note."""

import io
from pathlib import Path

import cv2
import numpy as np
import torch
from PIL import ExifTags, Image, TiffImagePlugin

from twostage_hdr.boundary.file_reader import file_reader
from twostage_hdr.boundary.pixel_limit import HDR_BYTES, check_pixels
from twostage_hdr.boundary.regular_file import read_bytes
from twostage_hdr.errors import InputError
from twostage_hdr.imaging.colour_profile import upright
from twostage_hdr.imaging.jpeg_segments import SDR_WHITE_NITS
from twostage_hdr.imaging.ldr import read_ldr
from twostage_hdr.imaging.pixel_arrays import EXIF_ORIENTATION, HdrImage
from twostage_hdr.radiometry.srgb import srgb_decode

APPLE_GAIN_MAP = b"urn:com:apple:photo:2020:aux:hdrgainmap"
"""What a file calls the picture [apple2023gainmap]."""

APPLE_NOTE = b"Apple iOS\0"
"""How the maker note begins; byte order and TIFF directory follow at 12 and 14, offsets counted from its start."""

_HEADROOM, _GAIN = 33, 48  # its tags
_MOST = 256.0  # times white; telephones have some 8, and the formula has no upper end
_CURE = "export the photograph again with HDR, or exclude it"


def headroom(maker33: float, maker48: float) -> float:
    """How many times SDR white the brightest light is, by the maker note's tags 33 and 48 [apple2023gainmap]."""
    if maker33 < 1:
        stops = -20 * maker48 + 1.8 if maker48 <= 0.01 else -0.101 * maker48 + 1.601
    else:
        stops = -70 * maker48 + 3.0 if maker48 <= 0.01 else -0.303 * maker48 + 2.303
    return float(2.0 ** max(stops, 0.0))


@file_reader("photograph with Apple's gain map", _CURE)
def read_apple_gain_map(path: str | Path) -> HdrImage:
    """Read a JPEG or HEIC as linear Rec. 709, sdr (1 + (headroom - 1) gain): the gain in full, 1.0 is SDR white.

    Raises:
        InputError: no such gain map, no headroom in the maker note, or the gain map of ISO 21496-1 in a HEIC.
    """
    path = Path(path)
    gain, exif = _gain_and_exif(path, read_bytes(path))
    full = _stated_headroom(path, exif)
    base = read_ldr(path)
    sdr = torch.from_numpy(base.pixels / np.float32(np.iinfo(base.pixels.dtype).max))
    # The gain map lies as the sensor saw it, as a JPEG's photograph does; a HEIC's has been turned upright by libheif.
    turned = _rec709_decoded(upright(np.asarray(gain.convert("L")), exif.get(EXIF_ORIENTATION, 1))[0])
    weight = cv2.resize(turned, (sdr.shape[1], sdr.shape[0]), interpolation=cv2.INTER_LINEAR)[:, :, None]
    linear = srgb_decode(sdr).numpy() * (1 + np.float32(full - 1) * weight)
    domain = f"SDR base with Apple's gain map, headroom {full:.3g}"
    return HdrImage(pixels=linear, domain=domain, notes=base.notes, white_nits=SDR_WHITE_NITS)


def _gain_and_exif(path: Path, data: bytes) -> tuple[Image.Image, Image.Exif]:
    """The gain map as it is stored, and the photograph's EXIF data."""
    if APPLE_GAIN_MAP not in data:
        raise InputError(path, "it has no gain map of Apple's", _CURE)
    if data.startswith(b"\xff\xd8"):
        image = Image.open(io.BytesIO(data))
        exif = image.getexif()
        for frame in range(1, getattr(image, "n_frames", 1)):
            image.seek(frame)
            if APPLE_GAIN_MAP in image.info.get("xmp", b""):
                check_pixels(path, image.width, image.height, HDR_BYTES)
                return image, exif
        raise InputError(path, "Apple's gain map is not among its pictures", _CURE)
    if b"tmap" in data[: data.find(b"mdat")]:
        raise InputError(path, "a HEIC with the gain map of ISO 21496-1", "export it as JPEG with HDR, or exclude it")
    try:
        import pillow_heif
    except ImportError:
        raise InputError(path, "HEIC needs one more package", "pip install pillow-heif") from None
    heic, exif = pillow_heif.open_heif(data), Image.Exif()
    exif.load(heic.info["exif"] or b"")
    gain = heic.get_aux_image(heic.info["aux"][APPLE_GAIN_MAP.decode()][0])
    check_pixels(path, gain.size[0], gain.size[1], HDR_BYTES)
    return gain.to_pillow(), exif


def _stated_headroom(path: Path, exif: Image.Exif) -> float:
    note = exif.get_ifd(ExifTags.IFD.Exif).get(ExifTags.Base.MakerNote) or b""
    directory = TiffImagePlugin.ImageFileDirectory_v2(
        b"MM\0*\0\0\0\x0e" if note[12:14] == b"MM" else b"II*\0\x0e\0\0\0"
    )
    if note.startswith(APPLE_NOTE):
        file = io.BytesIO(note)
        file.seek(14)
        directory.load(file)
    if not {_HEADROOM, _GAIN} <= directory.keys():
        raise InputError(path, "a gain map without its headroom (maker note tags 33 and 48)", _CURE)
    full = headroom(float(directory[_HEADROOM]), float(directory[_GAIN]))
    if not full <= _MOST:
        raise InputError(path, f"states a headroom of {full:g} times white", _CURE)
    return full


def _rec709_decoded(codes: np.ndarray) -> np.ndarray:
    """Light of 8-bit codes, by the inverse of Rec. 709's transfer function."""
    value = np.arange(256) / 255
    return np.where(value < 0.081, value / 4.5, ((value + 0.099) / 1.099) ** (1 / 0.45)).astype(np.float32)[codes]
