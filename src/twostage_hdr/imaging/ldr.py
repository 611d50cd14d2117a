"""Reading an ordinary photograph (JPEG, PNG, TIFF, WebP, AVIF, HEIC, JPEG XL, camera RAW) as upright pixels."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, UnidentifiedImageError

from twostage_hdr.boundary.file_reader import file_reader
from twostage_hdr.boundary.pixel_limit import check_pixels
from twostage_hdr.boundary.regular_file import read_bytes
from twostage_hdr.errors import InputError
from twostage_hdr.imaging.avif import colour_codes
from twostage_hdr.imaging.camera_raw import RAW_SUFFIXES, develop_raw
from twostage_hdr.imaging.chromaticities import PRIMARIES_BY_CODE, REC709, Chromaticities, name_of
from twostage_hdr.imaging.colour_profile import InkConversion, convert_to_srgb, orientation_of, to_srgb_curve, upright
from twostage_hdr.imaging.jpegxl import is_jpegxl, jpegxl_codes, read_jpegxl_samples
from twostage_hdr.imaging.ldr_png import from_gamma, read_deep_png, read_png_header
from twostage_hdr.imaging.ldr_tiff import read_tiff_beyond_pillow
from twostage_hdr.imaging.pixel_arrays import LdrPixels, StoredImage
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
        pixels: HxWx3 uint8 or uint16, encoded as sRGB, upright.
        notes: What was changed on the way, in words for the user; empty if nothing was.
        primaries: Of the pixels.
    """

    pixels: LdrPixels
    notes: tuple[str, ...] = ()
    primaries: Chromaticities = REC709


@file_reader("image", "export it again as JPEG, PNG or TIFF")
def read_ldr(path: str | Path, *, fixed_brightness: bool = False, keep_gamut: bool = False) -> LdrImage:
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
    path = Path(path)
    if path.suffix.lower() in _HDR_SUFFIXES:
        raise InputError(path, f"already an HDR image ({path.suffix})", "a photograph of 8 or 16 bits is expected here")
    if path.suffix.lower() in RAW_SUFFIXES:
        pixels = develop_raw(path, fixed_brightness=fixed_brightness)
        return LdrImage(pixels=pixels, notes=(f"developed from camera RAW to {8 * pixels.itemsize} bits",))
    png = read_png_header(path)
    _refuse_hdr(path, "PNG", png.codes[1])
    if is_jpegxl(path):
        _refuse_hdr(path, "JPEG XL", jpegxl_codes(path)[1])
        return _from_stored(read_jpegxl_samples(path), keep_gamut)
    stored = read_deep_png(path) if png.deep else read_tiff_beyond_pillow(path)
    try:
        image = _read_with_pillow(path, keep_gamut) if stored is None else _from_stored(stored, keep_gamut, png.codes)
    except UnidentifiedImageError:
        raise InputError(
            path, "not an image that can be read", "use JPEG, PNG, TIFF, WebP, AVIF, HEIC or JPEG XL"
        ) from None
    if png.gamma is None:
        return image
    return LdrImage(
        pixels=from_gamma(image.pixels, png.gamma),
        notes=(*image.notes, f"converted from gamma {png.gamma:.3g} to sRGB"),
    )


def _refuse_hdr(path: Path, name: str, transfer: int) -> None:
    if transfer in (PQ_TRANSFER, HLG_TRANSFER):
        raise InputError(path, f"already an HDR image ({name} with PQ or HLG)", "an ordinary photograph is expected")


@file_reader("image", "export it again as JPEG, PNG or TIFF")
def photograph_size(path: str | Path) -> tuple[int, int]:
    """Width and height in px by the header, not turned upright.

    Raises:
        InputError: no such file, no image, a damaged or too large one.
    """
    with open_photograph(Path(path)) as image:
        return image.size


def _from_stored(stored: StoredImage, keep_gamut: bool, codes: tuple[int, int] = (2, 2)) -> LdrImage:
    samples, orientation, profile = stored
    notes = []
    if samples.shape[2] in (2, 4):
        samples = samples[:, :, :-1]
        notes.append("alpha channel dropped")
    samples = np.repeat(samples, 3, axis=2) if samples.shape[2] == 1 else samples
    samples, primaries, conversion = _converted(samples, profile, keep_gamut, codes[0])
    samples, rotation = upright(samples, orientation)
    return LdrImage(pixels=np.ascontiguousarray(samples), notes=(*notes, *conversion, *rotation), primaries=primaries)


def _converted(
    samples: np.ndarray, profile: bytes | None, keep_gamut: bool, code: int
) -> tuple[LdrPixels, Chromaticities, list[str]]:
    """To sRGB, or to its curve; primaries that the file states by their code count where it has no profile."""
    if not keep_gamut:
        converted, notes = convert_to_srgb(samples, profile)
        return converted, REC709, notes
    primaries = PRIMARIES_BY_CODE.get(code, REC709)
    if profile or primaries == REC709:
        return to_srgb_curve(samples, profile)
    return samples, primaries, [f"gamut of {name_of(primaries)} kept"]


def _read_with_pillow(path: Path, keep_gamut: bool) -> LdrImage:
    with open_photograph(path) as image:
        stated_orientation = orientation_of(image)
        image.load()
        # Some of Pillow's decoders (TIFF) turn the picture themselves and then forget the tag.
        remaining_orientation = orientation_of(image)
        if image.mode in _FLOAT_OR_WIDE_MODES:
            raise InputError(path, "32-bit pixels", "a photograph of 8 or 16 bits per channel is expected here")
        codes = _stated_codes(path, image)
        _refuse_hdr(path, str(image.format), codes[1])
        notes = _notes_on_structure(image)
        samples, primaries, conversion = _rgb_samples(image, keep_gamut, codes[0])
    samples, _ = upright(samples, remaining_orientation)
    rotation = ["rotated by EXIF orientation"] if stated_orientation not in (0, 1) else []
    return LdrImage(pixels=np.ascontiguousarray(samples), notes=(*notes, *conversion, *rotation), primaries=primaries)


def _stated_codes(path: Path, image: Image.Image) -> tuple[int, int]:
    """Primaries and transfer characteristics by the codes of ITU-T H.273; (2, 2) means unspecified."""
    if image.format == "AVIF":
        return colour_codes(read_bytes(path))
    if image.format == "PNG":
        return read_png_header(path).codes
    stated = image.info.get("nclx_profile") or {}  # of HEIC
    return stated.get("color_primaries", 2), stated.get("transfer_characteristics", 2)


def _rgb_samples(image: Image.Image, keep_gamut: bool, code: int) -> tuple[np.ndarray, Chromaticities, list[str]]:
    profile = image.info.get("icc_profile")
    if image.mode.startswith("I;16"):
        grey = np.asarray(image).astype(np.uint16)
        return _converted(np.repeat(grey[:, :, None], 3, axis=2), profile, keep_gamut, code)
    if image.mode == "CMYK":
        conversion = InkConversion.of(profile)
        if conversion is None:
            return _eight_bit_rgb(image), REC709, ["converted from CMYK without an ink profile"]
        return _eight_bit_rgb(image, conversion.apply), REC709, [f"converted from {conversion.name} to sRGB"]
    return _converted(_eight_bit_rgb(image), profile, keep_gamut, code)


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
def open_photograph(path: Path) -> Iterator[Image.Image]:
    """The photograph as Pillow opens it, HEIC too; not decoded yet.

    Raises:
        InputError: too large, or HEIC without its package.
    """
    if is_heif(path):
        image = open_heif(path).to_pillow()
    else:
        with _without_pillows_limit():
            image = Image.open(path, formats=PILLOW_FORMATS)
    with image:
        check_pixels(path, *image.size)
        yield image


def is_heif(path: Path) -> bool:
    """Whether the first bytes name a HEIF brand; telephones' pictures often travel under another suffix."""
    named = brands(path)
    return b"avif" not in named and not named.isdisjoint(_HEIF_BRANDS)


def brands(path: Path) -> set[bytes]:
    """Those that the first box of an ISO base media file names; empty for other files."""
    with path.open("rb") as file:
        head = file.read(_BRANDS_AT_MOST)
    box = head[: int.from_bytes(head[:4], "big")] if head[4:8] == b"ftyp" else b""
    return {box[at : at + 4] for at in (8, *range(16, len(box), 4))}


def open_heif(path: Path, *, stored_bits: bool = False) -> Any:
    """pillow_heif's file, whose first picture is the photograph.

    Args:
        path: the file.
        stored_bits: keep more than 8 bits, as they are stored.

    Raises:
        InputError: too large, or the package is not installed.
    """
    try:
        import pillow_heif
    except ImportError:
        raise InputError(path, "HEIC needs one more package", "pip install pillow-heif") from None
    file = pillow_heif.open_heif(path, convert_hdr_to_8bit=not stored_bits, hdr_to_16bit=not stored_bits)
    check_pixels(path, *file.size)
    return file
