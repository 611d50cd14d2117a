"""Reading an ordinary photograph (JPEG, PNG, TIFF, WebP, AVIF, HEIC, camera RAW) as upright sRGB pixels."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, UnidentifiedImageError

from twostage_hdr.boundary.file_reader import file_reader
from twostage_hdr.boundary.pixel_limit import check_pixels
from twostage_hdr.boundary.regular_file import read_bytes
from twostage_hdr.errors import InputError
from twostage_hdr.imaging.avif import colour_codes
from twostage_hdr.imaging.camera_raw import RAW_SUFFIXES, develop_raw
from twostage_hdr.imaging.colour_profile import InkConversion, convert_to_srgb, upright
from twostage_hdr.imaging.ldr_png import from_gamma, read_deep_png, read_png_header
from twostage_hdr.imaging.ldr_tiff import read_tiff_beyond_pillow
from twostage_hdr.imaging.pixel_arrays import EXIF_ORIENTATION, LdrPixels, StoredImage
from twostage_hdr.imaging.pq_pixels import HLG_TRANSFER, PQ_TRANSFER

PILLOW_FORMATS = ("AVIF", "BMP", "GIF", "JPEG", "JPEG2000", "PNG", "PPM", "TIFF", "WEBP")
"""Pillow's decoders that a file may choose by its content. Of the others one runs a program (EPS), and few are used."""

_HDR_SUFFIXES = frozenset({".exr", ".hdr", ".pic", ".pfm"})
_HEIF_BRANDS = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"})
_BRANDS_AT_MOST = 256  # bytes of the box that names them
_FLOAT_OR_WIDE_MODES = frozenset({"F", "I"})
_ROWS_AT_ONCE = 256
_pillow_limit = threading.Lock()


@dataclass(frozen=True, kw_only=True)
class LdrImage:
    """A photograph as read.

    Attributes:
        pixels: HxWx3 uint8 or uint16, display-encoded, sRGB primaries, upright.
        notes: What was changed on the way, in words for the user; empty if nothing was.
    """

    pixels: LdrPixels
    notes: tuple[str, ...] = ()


@file_reader("image", "export it again as JPEG, PNG or TIFF")
def read_ldr(path: str | Path, *, fixed_brightness: bool = False) -> LdrImage:
    """Read a photograph of 8 or 16 bits per channel, of any size.

    EXIF orientation is applied, an embedded colour profile is converted to sRGB, transparency is dropped, grey and
    palette images become RGB; `notes` tells of each that changes the picture.

    Args:
        path: the file.
        fixed_brightness: see `develop_raw`.

    Raises:
        InputError: no such file, no image, a damaged one, or floating-point pixels.
    """
    path = Path(path)
    if path.suffix.lower() in _HDR_SUFFIXES:
        raise InputError(path, f"already an HDR image ({path.suffix})", "a photograph of 8 or 16 bits is expected here")
    if path.suffix.lower() in RAW_SUFFIXES:
        pixels = develop_raw(path, fixed_brightness=fixed_brightness)
        return LdrImage(pixels=pixels, notes=(f"developed from camera RAW to {8 * pixels.itemsize} bits",))
    png = read_png_header(path)
    if png.hdr:
        raise InputError(path, "already an HDR image (PNG with PQ or HLG)", "an ordinary photograph is expected")
    stored = read_deep_png(path) if png.deep else read_tiff_beyond_pillow(path)
    try:
        image = _read_with_pillow(path) if stored is None else _from_stored(stored)
    except UnidentifiedImageError:
        raise InputError(path, "not an image that can be read", "use JPEG, PNG, TIFF, WebP, AVIF or HEIC") from None
    if png.gamma is None:
        return image
    return LdrImage(
        pixels=from_gamma(image.pixels, png.gamma),
        notes=(*image.notes, f"converted from gamma {png.gamma:.3g} to sRGB"),
    )


@file_reader("image", "export it again as JPEG, PNG or TIFF")
def photograph_size(path: str | Path) -> tuple[int, int]:
    """Width and height in px by the header, not turned upright.

    Raises:
        InputError: no such file, no image, a damaged or too large one.
    """
    with _open(Path(path)) as image:
        return image.size


def _from_stored(stored: StoredImage) -> LdrImage:
    samples, orientation, profile = stored
    notes = []
    if samples.shape[2] in (2, 4):
        samples = samples[:, :, :-1]
        notes.append("alpha channel dropped")
    samples, conversion = convert_to_srgb(np.repeat(samples, 3, axis=2) if samples.shape[2] == 1 else samples, profile)
    notes += conversion
    samples, rotation = upright(samples, orientation)
    return LdrImage(pixels=np.ascontiguousarray(samples), notes=(*notes, *rotation))


def _read_with_pillow(path: Path) -> LdrImage:
    with _open(path) as image:
        stated_orientation = image.getexif().get(EXIF_ORIENTATION, 1)
        image.load()
        # Some of Pillow's decoders (TIFF) turn the picture themselves and then forget the tag.
        remaining_orientation = image.getexif().get(EXIF_ORIENTATION, 1)
        if image.mode in _FLOAT_OR_WIDE_MODES:
            raise InputError(path, "32-bit pixels", "a photograph of 8 or 16 bits per channel is expected here")
        if image.format == "AVIF" and colour_codes(read_bytes(path))[1] in (PQ_TRANSFER, HLG_TRANSFER):
            raise InputError(path, "already an HDR image (AVIF with PQ or HLG)", "an ordinary photograph is expected")
        notes = _notes_on_structure(image)
        profile = image.info.get("icc_profile")
        samples, conversion = _rgb_samples(image, profile)
    samples, _ = upright(samples, remaining_orientation)
    rotation = ["rotated by EXIF orientation"] if stated_orientation not in (0, 1) else []
    return LdrImage(pixels=np.ascontiguousarray(samples), notes=(*notes, *conversion, *rotation))


def _rgb_samples(image: Image.Image, profile: bytes | None) -> tuple[np.ndarray, list[str]]:
    if image.mode.startswith("I;16"):
        grey = np.asarray(image).astype(np.uint16)
        return convert_to_srgb(np.repeat(grey[:, :, None], 3, axis=2), profile)
    if image.mode == "CMYK":
        conversion = InkConversion.of(profile)
        if conversion is None:
            return _eight_bit_rgb(image), ["converted from CMYK without an ink profile"]
        return _eight_bit_rgb(image, conversion.apply), [f"converted from {conversion.name} to sRGB"]
    return convert_to_srgb(_eight_bit_rgb(image), profile)


def _to_rgb(rows: Image.Image) -> Image.Image:
    return (rows.convert("RGBA") if rows.mode == "P" else rows).convert("RGB")


def _eight_bit_rgb(image: Image.Image, convert: Callable[[Image.Image], Image.Image] = _to_rgb) -> np.ndarray:
    """The pixels as RGB, converted by blocks of rows: whole, a 100-megapixel photograph passes through 1.4 GB."""
    width, height = image.size
    rgb = np.empty((height, width, 3), dtype=np.uint8)
    for top in range(0, height, _ROWS_AT_ONCE):
        with _without_pillows_limit():
            rows = image.crop((0, top, width, min(top + _ROWS_AT_ONCE, height)))
        rgb[top : top + _ROWS_AT_ONCE] = np.asarray(convert(rows))
    return rgb


def _notes_on_structure(image: Image.Image) -> list[str]:
    notes = []
    if image.has_transparency_data:
        notes.append("alpha channel dropped")
    frames = getattr(image, "n_frames", 1)
    if frames > 1 and image.format != "MPO":  # in MPO the further frames are a phone's gain map or a stereo partner
        notes.append(f"first of {frames} frames used")
    return notes


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
def _open(path: Path) -> Iterator[Image.Image]:
    if _is_heif(path):
        image = _open_heif(path)
    else:
        with _without_pillows_limit():
            image = Image.open(path, formats=PILLOW_FORMATS)
    with image:
        check_pixels(path, *image.size)
        yield image


def _is_heif(path: Path) -> bool:
    """Whether the first bytes name a HEIF brand; telephones' pictures often travel under another suffix."""
    with path.open("rb") as file:
        head = file.read(_BRANDS_AT_MOST)
    box = head[: int.from_bytes(head[:4], "big")]
    brands = {box[at : at + 4] for at in (8, *range(16, len(box), 4))}
    return head[4:8] == b"ftyp" and b"avif" not in brands and not brands.isdisjoint(_HEIF_BRANDS)


def _open_heif(path: Path) -> Image.Image:
    try:
        import pillow_heif
    except ImportError:
        raise InputError(path, "HEIC needs one more package", "pip install pillow-heif") from None
    file = pillow_heif.open_heif(path)
    check_pixels(path, *file.size)
    image: Image.Image = file.to_pillow()
    return image
