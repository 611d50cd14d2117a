"""Reading an ordinary photograph (JPEG, PNG, TIFF, WebP, AVIF, HEIC, JPEG XL, camera RAW) as upright pixels."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, UnidentifiedImageError

from twostage_hdr.boundary.file_reader import file_reader
from twostage_hdr.boundary.pixel_limit import check_pixels
from twostage_hdr.errors import InputError
from twostage_hdr.imaging.camera_raw import RAW_SUFFIXES, develop_raw
from twostage_hdr.imaging.chromaticities import PRIMARIES_BY_CODE, REC709, Chromaticities
from twostage_hdr.imaging.colour_codes import SIGNALS, container, open_heif, stated_codes
from twostage_hdr.imaging.colour_profile import convert_to_srgb, inks_to_srgb, orientation_of, to_srgb_curve
from twostage_hdr.imaging.jpegxl import read_jpegxl_samples
from twostage_hdr.imaging.pixel_arrays import PILLOW_FORMATS, ROTATED, LdrPixels, StoredImage, row_bands
from twostage_hdr.imaging.png_chunks import from_gamma, read_png_header, read_png_samples
from twostage_hdr.imaging.tiff import read_tiff_beyond_pillow

PHOTOGRAPHS = (".jpg", ".jpeg", ".png", ".tif", ".tiff", ".webp", ".avif", ".heic", ".heif", ".jxl", ".bmp")
"""Suffixes that are taken from a folder; a file that is named itself may have any. Their order is `result_stem`'s."""
_HDR_SUFFIXES = frozenset({".exr", ".hdr", ".pic", ".pfm"})
_FLOAT_OR_WIDE_MODES = frozenset({"F", "I"})
_pillow_limit = threading.Lock()


@dataclass(frozen=True, kw_only=True)
class LdrImage:
    """A photograph as read.

    Attributes:
        pixels: HxWx3 uint8 or uint16, encoded as sRGB, upright.
        notes: What was changed on the way, in words for the user; empty if nothing was.
        primaries: Of the pixels.
    """

    pixels: LdrPixels
    notes: tuple[str, ...] = ()
    primaries: Chromaticities = REC709


@file_reader("image", "export it again as JPEG, PNG or TIFF")
def read_ldr(path: Path, *, fixed_brightness: bool = False, keep_gamut: bool = False) -> LdrImage:
    """Read a photograph of 8 or 16 bits per channel, of any size.

    EXIF orientation is applied, an embedded colour profile is converted to sRGB, transparency is dropped, grey and
    palette images become RGB; `notes` tells of each that changes the picture.

    Args:
        path: the file.
        fixed_brightness: see `develop_raw`.
        keep_gamut: take wide gamuts as `to_srgb_curve` does, else convert them to sRGB.

    Raises:
        InputError: no such file, no image, a damaged one, or floating-point pixels.
    """
    if path.suffix.lower() in _HDR_SUFFIXES:
        raise InputError(path, f"already an HDR image ({path.suffix})", "a photograph of 8 or 16 bits is expected here")
    if path.suffix.lower() in RAW_SUFFIXES:
        pixels = develop_raw(path, fixed_brightness=fixed_brightness)
        return LdrImage(pixels=pixels, notes=(f"developed from camera RAW to {8 * pixels.itemsize} bits",))
    kind, (code, transfer), png = container(path), stated_codes(path), read_png_header(path)
    if transfer in SIGNALS:
        raise InputError(
            path, f"already an HDR image ({SIGNALS[transfer]} {kind})", "an ordinary photograph is expected"
        )
    try:
        stored, notes = _read_stored(path, kind, deep=png.deep)
    except UnidentifiedImageError:
        raise InputError(
            path, "not an image that can be read", "use JPEG, PNG, TIFF, WebP, AVIF, HEIC or JPEG XL"
        ) from None
    samples, changes = stored.upright_rgb()
    if keep_gamut:
        known = PRIMARIES_BY_CODE.get(code, REC709)
        samples, primaries, conversion = to_srgb_curve(samples, stored.profile, known)
    else:
        (samples, conversion), primaries = convert_to_srgb(samples, stored.profile), REC709
    notes += [*changes, *conversion]
    if png.gamma is not None:
        samples = from_gamma(samples, png.gamma)
        notes.append(f"converted from gamma {png.gamma:.3g} to sRGB")
    return LdrImage(pixels=samples, notes=tuple(notes), primaries=primaries)


@file_reader("image", "export it again as JPEG, PNG or TIFF")
def photograph_size(path: Path) -> tuple[int, int]:
    """Width and height in px by the header, not turned upright.

    Raises:
        InputError: no such file, no image, a damaged or too large one.
    """
    with open_photograph(path) as image:
        return image.size


def _read_stored(path: Path, kind: str, *, deep: bool) -> tuple[StoredImage, list[str]]:
    """The samples, and notes; Pillow reads what it can read with all bits."""
    if kind == "JPEG XL":
        return read_jpegxl_samples(path), []
    stored = read_png_samples(path) if deep else read_tiff_beyond_pillow(path) if "TIFF" in kind else None
    return _read_with_pillow(path) if stored is None else (stored, [])


def _read_with_pillow(path: Path) -> tuple[StoredImage, list[str]]:
    with open_photograph(path) as image:
        stated = orientation_of(image)
        image.load()
        remaining = orientation_of(image)  # TIFF's decoder turns the picture itself and then forgets the tag
        if image.mode in _FLOAT_OR_WIDE_MODES:
            raise InputError(path, "32-bit pixels", "a photograph of 8 or 16 bits per channel is expected here")
        notes, frames = ["alpha channel dropped"] if image.has_transparency_data else [], getattr(image, "n_frames", 1)
        if frames > 1 and image.format != "MPO":  # in MPO the further ones are a phone's gain map or a stereo partner
            notes.append(f"first of {frames} frames used")
        notes += [ROTATED] if stated in range(2, 9) and remaining != stated else []
        profile = image.info.get("icc_profile")
        inks = inks_to_srgb(np.asarray(image), profile) if image.mode == "CMYK" else None
        if inks is not None:
            return StoredImage(inks[0], remaining), [*notes, inks[1]]
        if image.mode == "CMYK":
            return StoredImage(_eight_bit_rgb(image), remaining), [*notes, "converted from CMYK without an ink profile"]
        deep_grey = image.mode.startswith("I;16")
        samples = np.asarray(image).astype(np.uint16)[:, :, None] if deep_grey else _eight_bit_rgb(image)
    return StoredImage(samples, remaining, profile), notes


def _eight_bit_rgb(image: Image.Image) -> np.ndarray:
    """The pixels as RGB, converted by blocks of rows: whole, a 100-megapixel photograph passes through 1.4 GB."""
    width, height = image.size
    rgb = np.empty((height, width, 3), dtype=np.uint8)
    for rows in row_bands(height):
        with _without_pillows_limit():
            band = image.crop((0, rows.start, width, rows.stop))
        rgb[rows] = np.asarray((band.convert("RGBA") if band.mode == "P" else band).convert("RGB"))
    return rgb


@contextmanager
def _without_pillows_limit() -> Iterator[None]:
    """Pillow refuses images above 179 megapixels unless its module-wide limit is lifted."""
    with _pillow_limit:
        limit, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, None
        try:
            yield
        finally:
            Image.MAX_IMAGE_PIXELS = limit


@contextmanager
def open_photograph(path: Path) -> Iterator[Image.Image]:
    """The photograph as Pillow opens it, HEIC too; not decoded yet.

    Raises:
        InputError: too large, or HEIC without its package.
    """
    if container(path) == "HEIC":
        image = open_heif(path).to_pillow()
    else:
        with _without_pillows_limit():
            image = Image.open(path, formats=PILLOW_FORMATS)
    with image:
        check_pixels(path, *image.size)
        yield image
