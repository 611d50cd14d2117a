"""Photographs with Apple's gain map, made here: a JPEG of two pictures, a HEIC with an auxiliary one."""

import io
import struct
from pathlib import Path

import colour
import numpy as np
from PIL import Image

NAME = b"urn:com:apple:photo:2020:aux:hdrgainmap"
ORIENTATION, EXIF, MAKER_NOTE = 0x0112, 0x8769, 0x927C
RNG = np.random.default_rng(5)
PHOTOGRAPH = np.kron(RNG.integers(0, 256, (4, 6, 3)), np.ones((16, 16, 1))).astype(np.uint8)
"""Tiles of one colour, so that JPEG and HEIC keep the middle of each."""
GAIN = np.kron(RNG.integers(0, 256, (4, 6)), np.ones((8, 8))).astype(np.uint8)
"""Half the size."""
MIDDLES = (slice(8, None, 16), slice(8, None, 16))


def maker_note(tags: dict[int, float], order: str = ">") -> bytes:
    """As telephones write it: signed fractions in a TIFF directory, offsets from the note's start."""
    head = b"Apple iOS\0\0\x01" + (b"MM" if order == ">" else b"II")
    at = len(head) + 2 + 12 * len(tags) + 4
    entries = [struct.pack(f"{order}HHII", tag, 10, 1, at + 8 * place) for place, tag in enumerate(tags)]
    values = [struct.pack(f"{order}ii", round(value * 10000), 10000) for value in tags.values()]
    return head + struct.pack(f"{order}H", len(tags)) + b"".join(entries) + bytes(4) + b"".join(values)


def exif_data(note: bytes, orientation: int = 1) -> Image.Exif:
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    exif.get_ifd(EXIF)[MAKER_NOTE] = note
    return exif


def write_jpeg(path: Path, *, tags: dict[int, float] | None = None, order: str = ">", orientation: int = 1) -> None:
    """A photograph with a gain map of half its size; headroom 8 unless told otherwise."""
    note = maker_note({33: 1.2, 48: 0.0} if tags is None else tags, order)
    photograph, gain = Image.fromarray(PHOTOGRAPH), Image.fromarray(GAIN)
    gain.encoderinfo = {"xmp": b"<x:xmpmeta><apdi:AuxiliaryImageType>" + NAME + b"</x:xmpmeta>", "quality": 100}
    options = {"exif": exif_data(note, orientation), "quality": 100, "subsampling": 0}
    photograph.save(path, "MPO", save_all=True, append_images=[gain], **options)


def write_heic(path: Path, *, tags: dict[int, float] | None = None) -> None:
    """libheif's own auxiliary picture, the alpha channel, under Apple's name: lengths and places grow with the name."""
    import pillow_heif

    note = maker_note({33: 1.2, 48: 0.0} if tags is None else tags)
    rgba = np.dstack([PHOTOGRAPH, np.kron(GAIN, np.ones((2, 2))).astype(np.uint8)])
    stream = io.BytesIO()
    options = {"quality": 100, "chroma": 444, "exif": exif_data(note).tobytes()}
    pillow_heif.from_pillow(Image.fromarray(rgba)).save(stream, **options)
    data, alpha = bytearray(stream.getvalue()), b"urn:mpeg:hevc:2015:auxid:1"
    longer = len(NAME) - len(alpha)
    for box in (b"meta", b"iprp", b"ipco", b"auxC"):
        at = data.find(box) - 4
        data[at : at + 4] = struct.pack(">I", struct.unpack(">I", data[at : at + 4])[0] + longer)
    at = data.find(b"iloc") + 10
    for item in range(struct.unpack(">H", data[at : at + 2])[0]):
        base = at + 2 + 18 * item + 4
        data[base : base + 4] = struct.pack(">I", struct.unpack(">I", data[base : base + 4])[0] + longer)
    path.write_bytes(bytes(data).replace(alpha, NAME))


def by_apples_formula(full: float) -> np.ndarray:
    """Of the tiles' middles, by colour-science's transfer functions."""
    sdr = colour.cctf_decoding(PHOTOGRAPH[MIDDLES] / 255, "sRGB")
    gain = colour.models.oetf_inverse_BT709(GAIN[4::8, 4::8] / 255)
    return sdr * (1 + (full - 1) * gain[:, :, None])
