"""PNG photographs: those of 16 bits, which Pillow would silently read as 8, and those that are no sRGB."""

import struct
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import imagecodecs
import numpy as np
import torch
from PIL import Image

from twostage_hdr.boundary.pixel_limit import check_pixels
from twostage_hdr.boundary.regular_file import open_regular, read_bytes
from twostage_hdr.imaging.colour_profile import orientation_of
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
