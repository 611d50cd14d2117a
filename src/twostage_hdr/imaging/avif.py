"""AVIF of 10 bits, PQ, BT.2020: HDR that browsers and phones show as such."""

import re
from pathlib import Path

import imagecodecs
import numpy as np

from twostage_hdr.boundary.file_reader import file_reader
from twostage_hdr.boundary.pixel_limit import HDR_BYTES, check_pixels
from twostage_hdr.boundary.regular_file import read_bytes
from twostage_hdr.errors import InputError
from twostage_hdr.imaging.atomic import atomic_path
from twostage_hdr.imaging.avif_metadata import put_metadata
from twostage_hdr.imaging.chromaticities import to_rec709_pixels
from twostage_hdr.imaging.picture_info import NO_INFO, PictureInfo
from twostage_hdr.imaging.pixel_arrays import HdrImage, LinearPixels
from twostage_hdr.imaging.pq_pixels import BT2020_PRIMARIES, PQ_TRANSFER, from_pq2020, to_pq2020
from twostage_hdr.imaging.result_format import WholeFormat, WholeResult, pq_peak
from twostage_hdr.radiometry.photometry import WHITE

_BITS = 10
_BT2020_NCL_MATRIX = 9  # ITU-T H.273
_COLOUR_BOX = b"colrnclx"
_SIZE_BOX = b"ispe"
_PIXEL_BOX = b"pixi"
_PIXEL_BOX_DEPTH = 9  # bytes from the box's name to the first channel's depth


def write_avif(
    path: str | Path,
    linear: LinearPixels,
    *,
    white_nits: float = WHITE,
    quality: int = 90,
    speed: int = 6,
    info: PictureInfo = NO_INFO,
) -> None:
    """Write linear pixels as 10-bit PQ AVIF, full range, 4:4:4.

    Args:
        path: A name ending in .avif.
        linear: HxWx3, >= 0; luminances above 10000 cd/m^2 are clipped.
        white_nits: Luminance of pixels of (1, 1, 1), cd/m^2.
        quality: 0 to 100.
        speed: Encoder's effort, 0 (slow) to 10.
        info: Primaries, EXIF and XMP.
    """
    code = np.rint(to_pq2020(linear, white_nits, info.primaries) * (2**_BITS - 1)).astype(np.uint16)
    data = imagecodecs.avif_encode(
        code,
        level=quality,
        speed=speed,
        bitspersample=_BITS,
        pixelformat="444",
        primaries=BT2020_PRIMARIES,
        transfer=PQ_TRANSFER,
        matrix=_BT2020_NCL_MATRIX,
    )
    with atomic_path(path) as temporary:
        temporary.write_bytes(put_metadata(bytes(data), info))


def _write(result: WholeResult) -> None:
    options = result.options
    write_avif(
        result.path,
        result.image(),
        white_nits=options.white_nits or WHITE,
        quality=options.quality,
        info=result.info,
    )


AVIF = WholeFormat(endings=(".avif",), write=_write, largest=pq_peak)
"""10-bit PQ codes of BT.2020."""


@file_reader("AVIF", "fetch or export it again")
def read_avif(path: str | Path) -> HdrImage:
    """Read a PQ, BT.2020 AVIF as linear Rec. 709; 1.0 is 200 cd/m^2.

    Raises:
        InputError: damaged, or an AVIF of another transfer function or other primaries.
    """
    path = Path(path)
    data = read_bytes(path)
    primaries, transfer = colour_codes(data)
    if (primaries, transfer) != (BT2020_PRIMARIES, PQ_TRANSFER):
        raise InputError(
            path, f"AVIF with primaries {primaries}, transfer {transfer}", "HDR AVIF is 9, 16 (BT.2020 PQ)"
        )
    for width, height in image_sizes(data):
        check_pixels(path, width, height, HDR_BYTES)
    stored = imagecodecs.avif_decode(data)
    bits = _bit_depth(data)
    notes = ["alpha channel dropped"] if stored.ndim == 3 and stored.shape[2] in (2, 4) else []
    stored = stored[:, :, None] if stored.ndim == 2 else stored
    stored = stored[:, :, :3] if stored.shape[2] >= 3 else np.repeat(stored[:, :, :1], 3, axis=2)
    code = stored.astype(np.float32) / np.float32(2**bits - 1)
    pixels, changes = to_rec709_pixels(from_pq2020(code), str(path))
    return HdrImage(
        pixels=pixels,
        domain=f"PQ, {bits}-bit AVIF",
        notes=(*notes, *changes),
        white_nits=WHITE,
        primaries="Rec. 2020",
    )


def colour_codes(data: bytes) -> tuple[int, int]:
    """An AVIF's primaries and transfer characteristics by the codes of ITU-T H.273; (2, 2) means unspecified."""
    at = data.find(_COLOUR_BOX)
    if at < 0:
        return 2, 2
    at += len(_COLOUR_BOX)
    return int.from_bytes(data[at : at + 2], "big"), int.from_bytes(data[at + 2 : at + 4], "big")


def image_sizes(data: bytes) -> list[tuple[int, int]]:
    """Width and height in px of every image in an AVIF: the picture, its tiles, its alpha (ISO 23008-12, `ispe`)."""
    boxes = [match.end() + 4 for match in re.finditer(_SIZE_BOX, data)]  # after version and flags
    return [(int.from_bytes(data[at : at + 4], "big"), int.from_bytes(data[at + 4 : at + 8], "big")) for at in boxes]


def _bit_depth(data: bytes) -> int:
    at = data.find(_PIXEL_BOX)
    return data[at + _PIXEL_BOX_DEPTH] if at >= 0 else 8
