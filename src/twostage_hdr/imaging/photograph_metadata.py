"""EXIF, XMP and date of a photograph, from wherever its format keeps them."""

import io
import re
from functools import reduce
from pathlib import Path

import imagecodecs
from PIL import ExifTags, Image

from twostage_hdr.boundary.quiet import quiet_libraries
from twostage_hdr.boundary.regular_file import read_bytes
from twostage_hdr.imaging.avif import boxes_of
from twostage_hdr.imaging.camera_raw import RAW_SUFFIXES, embedded_jpeg
from twostage_hdr.imaging.chromaticities import REC709, Chromaticities
from twostage_hdr.imaging.colour_codes import container
from twostage_hdr.imaging.exif import PictureInfo, moment_taken
from twostage_hdr.imaging.ldr import open_photograph

_EXIF_PREFIX = re.compile(rb"^(Exif\0\0)+")
_TIFF_XMP = 700
_OF_THE_PICTURE = (
    *(ExifTags.Base.ImageDescription, ExifTags.Base.Make, ExifTags.Base.Model, ExifTags.Base.Software),
    *(ExifTags.Base.DateTime, ExifTags.Base.Artist, ExifTags.Base.Copyright),
)
"""Tags of a TIFF's first directory that are about the picture, not about how the file stores it."""
_HELD_TOGETHER_BY_OFFSETS = (ExifTags.IFD.MakerNote, ExifTags.IFD.Interop)
_JPEGXL_CONTAINER = b"\0\0\0\x0cJXL "
_METADATA_AT_MOST = 16 * 2**20
"""Bytes, uncompressed."""
_OF_THE_FILE = (
    re.compile(rb"<Container:Directory\b.*?</Container:Directory>", re.DOTALL),
    re.compile(rb"<((?:hdrgm|HDRGainMap|tiff:Orientation)\b[\w:]*)[^>]*(?:/>|>.*?</\1>)", re.DOTALL),
    re.compile(rb"\s(?:hdrgm:\w+|HDRGainMap:\w+|tiff:Orientation)\s*=\s*(?:\"[^\"]*\"|'[^']*')"),
)
"""Properties of XMP that would be wrong in another file: its parts, its gain map, how it is turned."""


def read_picture_info(path: Path, primaries: Chromaticities = REC709) -> tuple[PictureInfo, tuple[str, ...]]:
    """What a photograph says about itself; what is damaged is left out with a note.

    Args:
        path: a photograph that can be read.
        primaries: of its pixels.
    """
    exif, xmp, taken, notes = None, None, None, []
    with quiet_libraries():
        try:
            exif, xmp = _stored(path)
            exif = _EXIF_PREFIX.sub(b"", exif or b"") or None
            if exif is not None:
                block = Image.Exif()
                block.load(exif)
                taken = moment_taken(block)
                if not len(block):
                    raise ValueError("no directory")
        except Exception:  # damaged metadata make readers raise almost anything, and never cost the photograph
            exif = None
            notes.append("damaged EXIF data dropped")
        try:
            if xmp is not None:
                xmp = reduce(lambda packet, pattern: pattern.sub(b"", packet), _OF_THE_FILE, xmp.rstrip(b"\0"))
                xmp.decode("utf-8")
        except UnicodeDecodeError:
            xmp = None
            notes.append("damaged XMP data dropped")
    return PictureInfo(exif=exif, xmp=xmp, taken=taken, primaries=primaries), tuple(notes)


def _stored(path: Path) -> tuple[bytes | None, bytes | None]:
    """EXIF and XMP as the format keeps them."""
    kind = container(path)
    if kind == "JPEG XL":
        return _of_jpegxl(read_bytes(path))
    if kind == "TIFF":
        return _of_tiff(path)
    if path.suffix.lower() in RAW_SUFFIXES:
        jpeg = embedded_jpeg(path)
        return (None if jpeg is None else Image.open(io.BytesIO(jpeg)).info.get("exif")), None
    with open_photograph(path) as image:
        xmp = image.info.get("xmp")
        return image.info.get("exif"), xmp.encode() if isinstance(xmp, str) else xmp


def _of_tiff(path: Path) -> tuple[bytes | None, bytes | None]:
    """A block of what a TIFF's directories say about the picture; a maker's notes would lose their offsets."""
    whole, block = Image.Exif(), Image.Exif()
    with path.open("rb") as file:
        whole.load_from_fp(file)
        for tag in _OF_THE_PICTURE:
            if tag in whole:
                block[tag] = whole[tag]
        for part in (ExifTags.IFD.Exif, ExifTags.IFD.GPSInfo):
            found = whole.get_ifd(part)
            block.get_ifd(part).update((tag, found[tag]) for tag in found if tag not in _HELD_TOGETHER_BY_OFFSETS)
        xmp = whole.get(_TIFF_XMP)
    said = len(block) or any(block.get_ifd(part) for part in (ExifTags.IFD.Exif, ExifTags.IFD.GPSInfo))
    return block.tobytes() if said else None, xmp


def _of_jpegxl(data: bytes) -> tuple[bytes | None, bytes | None]:
    """EXIF and XMP of a JPEG XL container, packed or not (ISO 18181-2); none of a bare code stream."""
    boxes: dict[bytes, bytes] = {}
    for name, body in boxes_of(data) if data.startswith(_JPEGXL_CONTAINER) else ():
        kind, content = (body[:4], body[4:]) if name == b"brob" else (name, body)
        if kind in (b"Exif", b"xml "):
            packed = name == b"brob"
            boxes[kind] = bytes(imagecodecs.brotli_decode(content, out=_METADATA_AT_MOST)) if packed else content
    exif = boxes.get(b"Exif", bytes(4))  # begins with the place of its header
    return exif[4 + int.from_bytes(exif[:4], "big") :], boxes.get(b"xml ")
