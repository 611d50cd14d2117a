"""PNG chunk by chunk: what says how pixels are meant, 16-bit samples, and metadata put into a finished file."""

import shutil
import struct
import zlib
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import NamedTuple

import imagecodecs
import numpy as np
import torch
from PIL import Image

from twostage_hdr.boundary.pixel_limit import check_pixels
from twostage_hdr.boundary.regular_file import open_regular, read_bytes
from twostage_hdr.imaging.atomic import rewritten
from twostage_hdr.imaging.colour_profile import orientation_of
from twostage_hdr.imaging.exif import PictureInfo, result_exif
from twostage_hdr.imaging.pixel_arrays import LdrPixels, StoredImage
from twostage_hdr.radiometry.srgb import srgb_encode

PNG_START = b"\x89PNG\r\n\x1a\n"
_DEPTH_OFFSET = 8
"""Of the bits per channel in IHDR."""
_ABOUT_SRGB = (0.4, 0.5)
"""Stored exponents that mean sRGB: most writers put 0.45455 beside it."""
_CHUNK_AT_MOST = 64
"""Bytes kept of a chunk: those of interest have fewer."""
_COLOUR_CHUNKS = (b"iCCP", b"sRGB", b"cICP")
"""What gAMA yields to."""


class PngHeader(NamedTuple):
    """What a PNG says before its pixels; of any other file, that it is none of these."""

    deep: bool
    """16 bits per channel."""
    codes: tuple[int, int]
    """Primaries and transfer characteristics by ITU-T H.273 (cICP); (2, 2) means unspecified."""
    gamma: float | None
    """The exponent that it was encoded with (gAMA), if that alone tells the colours and is not about sRGB's."""


def read_png_header(path: Path) -> PngHeader:
    """Reads the chunks before the pixels; a file that ends early says nothing, and one that is none is refused."""
    chunks = _chunks(path)
    codes = chunks.get(b"cICP", b"")
    return PngHeader(
        deep=chunks.get(b"IHDR", b"")[_DEPTH_OFFSET : _DEPTH_OFFSET + 1] == b"\x10",
        codes=(codes[0], codes[1]) if len(codes) == 4 else (2, 2),
        gamma=_stated_gamma(chunks),
    )


def png_size(path: Path) -> tuple[int, int]:
    """Width and height in px by the header.

    Raises:
        ValueError: not a PNG.
    """
    header = _chunks(path).get(b"IHDR", b"")
    if len(header) < 8:
        raise ValueError("no header of a PNG")
    return int.from_bytes(header[:4], "big"), int.from_bytes(header[4:8], "big")


def _stated_gamma(chunks: Mapping[bytes, bytes]) -> float | None:
    stated = chunks.get(b"gAMA", b"")
    if len(stated) != 4 or any(name in chunks for name in _COLOUR_CHUNKS):
        return None
    gamma = struct.unpack(">I", stated)[0] / 100_000
    return None if gamma == 0 or _ABOUT_SRGB[0] <= gamma <= _ABOUT_SRGB[1] else gamma


def _chunks(path: Path) -> dict[bytes, bytes]:
    chunks: dict[bytes, bytes] = {}
    with open_regular(path, may_be_empty=True) as file:
        if file.read(len(PNG_START)) != PNG_START:
            return chunks
        while len(head := file.read(8)) == 8 and head[4:] != b"IDAT":
            end = file.tell() + int.from_bytes(head[:4], "big")
            chunks.setdefault(head[4:], file.read(min(end - file.tell(), _CHUNK_AT_MOST)))
            file.seek(end + 4)  # beyond the check sum
    return chunks


def read_png_samples(path: Path) -> StoredImage:
    """The samples of a PNG of any colour type, with all their bits."""
    check_pixels(path, *png_size(path))
    samples = np.atleast_3d(imagecodecs.png_decode(read_bytes(path)))
    with Image.open(path, formats=("PNG",)) as image:
        profile = image.info.get("icc_profile")
        orientation = orientation_of(image)
    return StoredImage(samples, orientation, profile)


def from_gamma(pixels: LdrPixels, gamma: float) -> LdrPixels:
    """sRGB pixels, of the same type, of those that were encoded as light^gamma."""
    largest = np.iinfo(pixels.dtype).max
    light = np.linspace(0, 1, largest + 1) ** (1 / gamma)
    table = np.rint(srgb_encode(torch.from_numpy(light)).numpy() * largest).astype(pixels.dtype)
    return table[pixels]


_HEADER_ENDS = 33  # bytes of the signature and IHDR
_XMP = b"XML:com.adobe.xmp\0\0\0\0\0"
"""Keyword of the text chunk, not compressed, neither language nor translated keyword."""
_FILE_DATE = b"tIME"
"""When a PNG was changed: the library gives it the photograph's date, which belongs into EXIF alone."""


def metadata_chunks(info: PictureInfo) -> dict[bytes, bytes]:
    """EXIF and XMP as PNG holds them; empty where there are none."""
    exif = result_exif(info)
    return ({} if exif is None else {b"eXIf": exif}) | ({} if info.xmp is None else {b"iTXt": _XMP + info.xmp})


def put_chunks(path: Path, chunks: Mapping[bytes, bytes], *, instead_of: Collection[bytes] = ()) -> None:
    """Rewrites a PNG with these chunks right after its header.

    Args:
        path: the PNG; without chunks it stays as it is.
        chunks: bodies by name; chunks of the same name that were there before the pixels are dropped.
        instead_of: further chunks to drop.
    """
    if not chunks:
        return
    dropped = {*chunks, *instead_of, _FILE_DATE}
    with rewritten(path) as (old, new):
        new.write(old.read(_HEADER_ENDS))
        for name, body in chunks.items():
            new.write(struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body)))
        while (head := old.read(8))[4:] != b"IDAT":
            rest = old.read(int.from_bytes(head[:4], "big") + 4)  # with the check sum
            new.write(b"" if head[4:] in dropped else head + rest)
        new.write(head)
        shutil.copyfileobj(old, new)
