"""JPEGs and HEICs that carry a gain map, put together here as cameras and editors do."""

import io
import struct
from collections.abc import Sequence

import imagecodecs
import numpy as np
from PIL import Image

APPLE = b"urn:com:apple:photo:2020:aux:hdrgainmap"
ISO = b"urn:iso:std:iso:ts:21496:-1\0"
XMP = b"http://ns.adobe.com/xap/1.0/\0"


def jpeg(pixels: np.ndarray, segments: Sequence[tuple[int, bytes]] = (), **options: object) -> bytes:
    """A JPEG of all its colours, with further segments."""
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "JPEG", quality=100, subsampling=0, **options)
    data = file.getvalue()
    inserted = b"".join(struct.pack(">BBH", 0xFF, marker, len(body) + 2) + body for marker, body in segments)
    return data[:2] + inserted + data[2:]


def iso_metadata(
    numbers: Sequence[Sequence[float]], *, headroom: float, flags: int = 0x40, common: bool = False
) -> bytes:
    """Binary metadata of ISO 21496-1: minimum, maximum, gamma and offsets of each channel."""
    below = 1 << 16
    values = [round(value * below) for value in (0, headroom, *(number for channel in numbers for number in channel))]
    signs = "II" + "iiIii" * len(numbers)
    head = struct.pack(">HHB", 0, 0, 0x40 | (0x80 if len(numbers) == 3 else 0) | (0x08 if common else 0))
    if common:
        return head + struct.pack(">I" + signs, below, *values)
    return head + b"".join(struct.pack(f">{sign}I", value, below) for sign, value in zip(signs, values, strict=True))


def iso_jpeg(base: np.ndarray, codes: np.ndarray, metadata: bytes, **options: object) -> bytes:
    return jpeg(base, [(0xE2, ISO + bytes(4))], **options) + jpeg(codes, [(0xE2, ISO + metadata)])


def adobe_jpeg(base: np.ndarray, codes: np.ndarray, properties: str) -> bytes:
    packet = f'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:Description hdrgm:Version="1.0" {properties}</x:xmpmeta>'
    return jpeg(base) + jpeg(codes, [(0xE1, XMP + packet.encode())])


def apple_exif(boost: float, gain: float, orientation: int = 1) -> Image.Exif:
    """EXIF data with Apple's maker note: its numbers 33 and 48."""
    numbers = b"".join(struct.pack(">ii", round(number * 10000), 10000) for number in (boost, gain))
    entries = b"".join(struct.pack(">HHII", tag, 10, 1, at) for tag, at in ((33, 44), (48, 52)))
    exif = Image.Exif()
    exif[0x010F], exif[0x0112] = "Apple", orientation
    exif.get_ifd(0x8769)[0x927C] = b"Apple iOS\0\0\x01MM" + struct.pack(">H", 2) + entries + bytes(4) + numbers
    exif.get_ifd(0x8769)[0x9003] = "2024:05:17 18:30:09"
    return exif


def apple_jpeg(
    base: np.ndarray, codes: np.ndarray, exif: Image.Exif | None = None, headroom: float | None = None
) -> bytes:
    stated = "" if headroom is None else f"<HDRGainMap:HDRGainMapHeadroom>{headroom}</HDRGainMap:HDRGainMapHeadroom>"
    packet = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><a>' + APPLE + f"</a>{stated}</x:xmpmeta>".encode()
    return jpeg(base, exif=exif) + jpeg(codes, [(0xE1, XMP + packet)])


def libultrahdr_jpeg(light: np.ndarray, gamut: int) -> bytes:
    """Of libultrahdr's own encoder; light of 709, P3 or BT.2100 by its numbers 0, 1 and 2."""
    rgba = np.ones((*light.shape[:2], 4), np.float16)
    rgba[:, :, :3] = light
    return bytes(imagecodecs.ultrahdr_encode(rgba, level=98, gamut=gamut))
