"""Gain maps inside photographs: ISO 21496-1 [iso21496], Adobe's, and Apple's, also in HEIC [apple2023gainmap]."""

import io
import re
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TypeAlias

import cv2
import numpy as np
from jaxtyping import Float32, UInt8
from PIL import ExifTags, Image, TiffImagePlugin

from twostage_hdr.boundary.pixel_limit import check_pixels
from twostage_hdr.boundary.regular_file import open_regular, read_bytes
from twostage_hdr.imaging.chromaticities import Chromaticities
from twostage_hdr.imaging.colour_codes import open_heif
from twostage_hdr.imaging.colour_profile import orientation_of, profile_primaries
from twostage_hdr.imaging.pixel_arrays import LinearPixels, upright

_ISO = b"urn:iso:std:iso:ts:21496:-1\0"
_ADOBE = b"hdrgm:GainMapMax"
APPLE_GAIN_MAP = b"urn:com:apple:photo:2020:aux:hdrgainmap"
"""What a file calls the picture [apple2023gainmap]."""
APPLE_NOTE = b"Apple iOS\0"
"""How the maker note begins."""
_JPEG_START = b"\xff\xd8\xff"
_JPEGS_AT_MOST = 16
"""Further pictures that are looked at, since a file may consist of beginnings."""
_ULTRA_HDR = re.compile(rb"urn:iso:std:iso:ts:21496|ns\.adobe\.com/hdr-gain-map/")
_HEAD = 2**19  # bytes that hold a photograph's metadata
_THREE_CHANNELS, _BASE_COLOUR_SPACE, _COMMON_DENOMINATOR, _HDR_BASE = 0x80, 0x40, 0x08, 0x04
_APPLE_TAGS = (33, 48)
_LARGEST_STATED = 64.0
"""Of gains, stops, and offsets: no damaged file makes light that is not finite."""
_LARGEST_HEADROOM = 256.0  # telephones have some 8, and Apple's formula has no upper end
_SILENT_OFFSET = 1 / 64  # of Adobe's properties


GainFormula: TypeAlias = Callable[[np.ndarray, np.ndarray], np.ndarray]
"""HDR light of the base's and of codes as a share of the largest, (..., 1 or 3); 1.0 = SDR white."""


@dataclass(frozen=True, kw_only=True)
class EmbeddedGainMap:
    """How much brighter the HDR picture is than its SDR base.

    Attributes:
        kind: whose, in words.
        codes: upright, of any size; one channel for all three, or one for each.
        formula: what they mean.
        primaries: those in which it holds; None for the base's.
    """

    kind: str
    codes: UInt8[np.ndarray, "map_height map_width channels"]
    formula: GainFormula
    primaries: Chromaticities | None = None

    @property
    def peak(self) -> Float32[np.ndarray, "3"]:
        """Light of each channel where base and gain are at their maximum; 1.0 = SDR white."""
        return np.broadcast_to(self.formula(np.ones(3), np.ones(1)), 3).astype(np.float32)

    def applied(self, base: LinearPixels, top: int, height: int) -> LinearPixels:
        """Rows of the HDR picture, linear, 1.0 = SDR white.

        Args:
            base: rows of the SDR picture, linear.
            top: the first of them.
            height: of the whole picture.
        """
        share = self._share(base.shape, top, height)
        return np.maximum(self.formula(base, share), 0).astype(np.float32)

    def _share(self, shape: tuple[int, ...], top: int, height: int) -> Float32[np.ndarray, "rows width channels"]:
        """The codes as a share of the largest, bilinear at the base's pixels."""
        rows, width = shape[:2]
        place = (np.arange(top, top + rows) + 0.5) * (len(self.codes) / height) - 0.5
        first = np.floor(place).astype(int)
        above, below = (self.codes[(first + step).clip(0, len(self.codes) - 1)].astype(np.float32) for step in (0, 1))
        above += (place - first).astype(np.float32)[:, None, None] * (below - above)
        return cv2.resize(above, (width, rows), interpolation=cv2.INTER_LINEAR).reshape(rows, width, -1) / 255


def jpeg_gain_map(path: Path) -> EmbeddedGainMap | None:
    """The gain map of a JPEG; None if there is none that makes HDR of SDR. Raises anything for a damaged one."""
    data = read_bytes(path)
    if not any(mark in data for mark in (_ISO, _ADOBE, APPLE_GAIN_MAP)):
        return None
    for picture in _further_pictures(data):
        found = _formula(picture, data)
        if found is None:
            continue
        kind, formula, in_base_primaries = found
        check_pixels(path, *picture.size)
        codes = np.atleast_3d(np.asarray(picture if picture.mode == "L" else picture.convert("RGB")))
        with Image.open(io.BytesIO(data)) as base:
            orientation = orientation_of(base)
        primaries = None if in_base_primaries else profile_primaries(picture.info.get("icc_profile"))
        return EmbeddedGainMap(kind=kind, codes=upright(codes, orientation), formula=formula, primaries=primaries)
    return None


def has_gain_map(path: Path) -> bool:
    """Whether a photograph's metadata say so.

    Raises:
        InputError: the file cannot be opened.
    """
    with open_regular(path) as file:
        head = file.read(_HEAD)
        if head.startswith(_JPEG_START) and _ULTRA_HDR.search(head):
            return True
        possible = APPLE_GAIN_MAP in head or (b"MPF\0" in head and APPLE_NOTE in head)
        return possible and APPLE_GAIN_MAP in head + file.read()


def heif_gain_map(path: Path) -> EmbeddedGainMap | None:
    """Apple's gain map of an HEIC; None if there is none. Raises anything for a damaged one."""
    file = open_heif(path)
    found = file.info.get("aux", {}).get(APPLE_GAIN_MAP.decode())
    if not found:
        return None
    picture = file.get_aux_image(found[0])
    check_pixels(path, *picture.size)
    codes, data = np.asarray(picture.to_pillow().convert("L"))[:, :, None], read_bytes(path)
    if b"tmap" in data[: data.find(b"mdat")]:
        raise ValueError("the codes are those of ISO 21496-1, whose numbers libheif does not give")
    return EmbeddedGainMap(kind="Apple gain map", codes=codes, formula=_apple_formula(data, file.info.get("exif")))


def _further_pictures(data: bytes) -> Iterator[Image.Image]:
    """The JPEGs after the first beginning: a thumbnail, the gain map, what else follows."""
    for start in islice(re.finditer(re.escape(_JPEG_START), data), 1, _JPEGS_AT_MOST + 1):
        try:
            yield Image.open(io.BytesIO(data[start.start() :]), formats=("JPEG",))
        except (OSError, SyntaxError, ValueError):  # bytes that look like a beginning
            continue


def _formula(picture: Image.Image, data: bytes) -> tuple[str, GainFormula, bool] | None:
    """Whose gain map a picture inside a JPEG is, what it means, and whether in the base's primaries; None if none."""
    packet = picture.info.get("xmp", b"")
    iso = next((body for _, body in getattr(picture, "applist", ()) if body.startswith(_ISO)), None)
    if iso is not None:
        return "gain map (ISO 21496-1)", *_iso_formula(iso[len(_ISO) :])
    if _ADOBE in packet and b'BaseRenditionIsHDR="True"' not in packet:
        return "gain map (Ultra HDR)", _adobe_formula(packet), True
    if APPLE_GAIN_MAP in packet:
        with Image.open(io.BytesIO(data)) as base:
            return "Apple gain map", _apple_formula(data, base.info.get("exif")), True
    return None


def _log_formula(
    minimum: np.ndarray, maximum: np.ndarray, gamma: np.ndarray, base_offset: np.ndarray, hdr_offset: np.ndarray
) -> GainFormula:
    """Of log2 gains, stops; each of one channel or of three."""
    stated = np.concatenate([minimum, maximum, base_offset, hdr_offset])
    if not (np.abs(stated) <= _LARGEST_STATED).all() or not (gamma > 0).all():
        raise ValueError("numbers of the gain map")
    return lambda base, share: (
        (base + base_offset) * np.exp2(minimum + (maximum - minimum) * share ** (1 / gamma)) - hdr_offset
    )


def _iso_formula(metadata: bytes) -> tuple[GainFormula, bool]:
    """Of the binary metadata [iso21496]: fractions of 32 bits, each with its denominator or with one for all."""
    version, _, flags = struct.unpack_from(">HHB", metadata)
    count = 3 if flags & _THREE_CHANNELS else 1
    names = "II" + "iiIii" * count
    if flags & _COMMON_DENOMINATOR:
        below, *above = struct.unpack_from(">I" + names, metadata, 5)
        numbers = np.array(above) / below
    else:
        numbers = np.array(struct.unpack_from(">" + "".join(f"{name}I" for name in names), metadata, 5))
        with np.errstate(all="ignore"):
            numbers = numbers[::2] / numbers[1::2]
    if version > 0 or flags & _HDR_BASE or not numbers[1] > numbers[0]:
        raise ValueError("a later version, or an HDR base")
    return _log_formula(*numbers[2:].reshape(count, 5).T.astype(np.float32)), bool(flags & _BASE_COLOUR_SPACE)


def _adobe_formula(packet: bytes) -> GainFormula:
    """Of the XMP properties, stops; one number or three."""

    def numbers(name: bytes, silent: float) -> np.ndarray:
        return np.array(_xmp_numbers(packet, b"hdrgm:" + name) or [silent], np.float32)

    offsets = numbers(b"OffsetSDR", _SILENT_OFFSET), numbers(b"OffsetHDR", _SILENT_OFFSET)
    return _log_formula(numbers(b"GainMapMin", 0), numbers(b"GainMapMax", 1), numbers(b"Gamma", 1), *offsets)


def _apple_formula(data: bytes, exif: bytes | None) -> GainFormula:
    """1 + (headroom - 1) * light of the code, which is encoded as Rec. 709 [apple2023gainmap]."""
    stated = _xmp_numbers(data, b"HDRGainMap:HDRGainMapHeadroom")
    headroom = stated[0] if stated else 2 ** max(_apple_stops(exif or b""), 0)
    if not 1 <= headroom <= _LARGEST_HEADROOM:
        raise ValueError("headroom")
    return lambda base, share: (
        base * (1 + (headroom - 1) * np.where(share < 0.081, share / 4.5, ((share + 0.099) / 1.099) ** (1 / 0.45)))
    )


def _apple_stops(exif: bytes) -> float:
    """Headroom in stops, by two numbers of the maker note, a TIFF directory of either byte order [apple2023gainmap]."""
    tags = Image.Exif()
    tags.load(exif)
    note = io.BytesIO(tags.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.MakerNote])
    order = note.getvalue()[len(APPLE_NOTE) + 2 :][:2]
    directory = TiffImagePlugin.ImageFileDirectory_v2(b"MM\0*\0\0\0\x0e" if order == b"MM" else b"II*\0\x0e\0\0\0")
    note.seek(len(APPLE_NOTE) + 4)
    directory.load(note)
    boost, gain = (float(directory[tag]) for tag in _APPLE_TAGS)
    if boost < 1:
        return -20 * gain + 1.8 if gain <= 0.01 else -0.101 * gain + 1.601
    return -70 * gain + 3 if gain <= 0.01 else -0.303 * gain + 2.303


def _xmp_numbers(packet: bytes, name: bytes) -> list[float]:
    """The numbers of a property, written as an attribute or as an element (of a sequence); none if it is not there."""
    found = re.search(rb"%b\s*=\s*[\"']([^\"']*)|<%b\b[^>]*>(.*?)</%b>" % (name, name, name), packet, re.DOTALL)
    if found is None:
        return []
    return [float(number) for number in re.findall(rb"[-+]?\d+\.?\d*(?:[eE][-+]?\d+)?", found[1] or found[2])]
