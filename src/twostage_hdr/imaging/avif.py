"""AVIF of 10 bits, PQ, BT.2020: HDR that browsers and phones show as such."""

import struct
from collections.abc import Iterator
from pathlib import Path

import imagecodecs
import numpy as np
from PIL import Image

from twostage_hdr.boundary.pixel_limit import check_pixels
from twostage_hdr.boundary.regular_file import read_bytes
from twostage_hdr.imaging.atomic import atomic_path
from twostage_hdr.imaging.colour_profile import orientation_of
from twostage_hdr.imaging.exif import PictureInfo, result_exif
from twostage_hdr.imaging.pixel_arrays import StoredImage
from twostage_hdr.imaging.pq_pixels import BT2020_PRIMARIES, PQ_TRANSFER, to_pq2020
from twostage_hdr.imaging.result_format import Result, ResultFormat, pq_peak
from twostage_hdr.radiometry.photometry import WHITE

_BITS = 10
_SPEED = 6  # of the encoder, 0 (slow) to 10
_BT2020_NCL_MATRIX = 9  # ITU-T H.273
_COLOUR_BOX = b"colrnclx"
_PIXEL_BOX = b"pixi"
_PIXEL_BOX_DEPTH = 9  # bytes from the box's name to the first channel's depth


def _write(result: Result) -> None:
    """10-bit PQ, full range, 4:4:4; of the options it takes `white_nits` and `quality`."""
    light = to_pq2020(result.image(), result.options.white_nits or WHITE, result.info.primaries)
    data = imagecodecs.avif_encode(
        np.rint(light * (2**_BITS - 1)).astype(np.uint16),
        level=result.options.quality,
        speed=_SPEED,
        bitspersample=_BITS,
        pixelformat="yuv444",
        primaries=BT2020_PRIMARIES,
        transfer=PQ_TRANSFER,
        matrix=_BT2020_NCL_MATRIX,
    )
    with atomic_path(result.path) as temporary:
        temporary.write_bytes(_with_metadata(bytes(data), result.info))


AVIF = ResultFormat(endings=(".avif",), write=_write, largest=pq_peak)
"""10-bit PQ codes of BT.2020."""


def colour_codes(data: bytes) -> tuple[int, int]:
    """An AVIF's primaries and transfer characteristics by the codes of ITU-T H.273; (2, 2) means unspecified."""
    at = data.find(_COLOUR_BOX)
    if at < 0:
        return 2, 2
    at += len(_COLOUR_BOX)
    return int.from_bytes(data[at : at + 2], "big"), int.from_bytes(data[at + 2 : at + 4], "big")


def read_avif_samples(path: Path) -> StoredImage:
    """The codes of an AVIF, with all their bits."""
    with Image.open(path) as image:
        check_pixels(path, *image.size)
        orientation = orientation_of(image)
    data = read_bytes(path)
    at = data.find(_PIXEL_BOX)
    bits = data[at + _PIXEL_BOX_DEPTH] if at >= 0 else 8
    return StoredImage(np.atleast_3d(imagecodecs.avif_decode(data)), orientation, bits=bits)


_FLAGS = bytes(4)
"""Version 0, no flags: how most boxes begin."""
_ILOC_HEAD = _FLAGS + b"\x44\0"
"""Offsets and lengths of 4 bytes, no base: what libavif writes."""
_ILOC_ITEM = ">HHHII"  # number, file, extents, offset, length
_INFE_VERSION = 2 << 24
_EXIF_BEGINS_AT = bytes(4)
"""An Exif item begins with the distance to its TIFF structure."""
_MDAT_HEAD = 8


def _with_metadata(avif: bytes, info: PictureInfo) -> bytes:
    """A file of libavif's with EXIF and XMP behind its pixels, items that describe it (ISO 23008-12, annex A)."""
    exif = result_exif(info)
    # A kind, and behind it an empty name.
    items = [] if exif is None else [(b"Exif\0", _EXIF_BEGINS_AT + exif)]
    items += [] if info.xmp is None else [(b"mime\0application/rdf+xml\0", info.xmp)]
    boxes = dict(boxes_of(avif))
    meta = dict(boxes_of(boxes[b"meta"][len(_FLAGS) :]))
    if not items or not meta[b"iloc"].startswith(_ILOC_HEAD):
        return avif
    places = list(struct.iter_unpack(_ILOC_ITEM, meta[b"iloc"][len(_ILOC_HEAD) + 2 :]))
    described, references = meta[b"iinf"][len(_FLAGS) + 2 :], meta.get(b"iref", _FLAGS)
    for number, (kind, _) in enumerate(items, len(places) + 1):
        described += box(b"infe", struct.pack(">IHH", _INFE_VERSION, number, 0) + kind)
        references += box(b"cdsc", struct.pack(">HH", number, 1) + meta[b"pitm"][len(_FLAGS) :])
    meta |= {b"iinf": _FLAGS + struct.pack(">H", len(places) + len(items)) + described, b"iref": references}

    def located(moved: int) -> bytes:
        """The meta box's body where the pixels lie so many bytes further back."""
        at, entries = len(avif) + moved + _MDAT_HEAD, b""
        for number, file, extents, offset, length in places:
            entries += struct.pack(_ILOC_ITEM, number, file, extents, offset + moved, length)
        for number, (_, body) in enumerate(items, len(places) + 1):
            entries += struct.pack(_ILOC_ITEM, number, 0, 1, at, len(body))
            at += len(body)
        meta[b"iloc"] = _ILOC_HEAD + struct.pack(">H", len(places) + len(items)) + entries
        return _FLAGS + b"".join(box(kind, body) for kind, body in meta.items())

    boxes[b"meta"] = located(len(located(0)) - len(boxes[b"meta"]))
    contents = b"".join(box(kind, body) for kind, body in boxes.items())
    return contents + box(b"mdat", b"".join(body for _, body in items))


def box(kind: bytes, body: bytes) -> bytes:
    """A box of an ISO base media file."""
    return struct.pack(">I", len(body) + 8) + kind + body


def boxes_of(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Kinds and bodies of the boxes of an ISO base media file, up to a damaged one."""
    at = 0
    while at + 8 <= len(data):
        size, kind = struct.unpack_from(">I4s", data, at)
        body = at + 8
        if size == 1:
            size, body = int.from_bytes(data[body : body + 8], "big"), body + 8
        end = at + size if size else len(data)
        if end < body:
            return
        yield kind, data[body:end]
        at = end
