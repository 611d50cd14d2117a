"""JPEG XL with PQ and BT.2020 primaries: HDR for viewers that know the format."""

from contextlib import AbstractContextManager
from pathlib import Path

import numpy as np
import OpenImageIO

from twostage_hdr.boundary.file_reader import file_reader
from twostage_hdr.boundary.pixel_limit import HDR_BYTES, check_pixels
from twostage_hdr.errors import InputError
from twostage_hdr.imaging.avif import box
from twostage_hdr.imaging.chromaticities import rec709_image
from twostage_hdr.imaging.exif import PictureInfo, result_exif
from twostage_hdr.imaging.pixel_arrays import HdrImage, LinearPixels, StoredImage
from twostage_hdr.imaging.pq_pixels import BT2020_PRIMARIES, PQ_TRANSFER, to_pq2020
from twostage_hdr.imaging.result_format import Result, ResultFormat, WriteRows, pq_peak
from twostage_hdr.imaging.scanline_writer import scanline_writer
from twostage_hdr.radiometry.photometry import WHITE

_CURE = "fetch or export it again"
_CONTAINER, _CODESTREAM = b"\0\0\0\x0cJXL \r\n\x87\n", b"\xff\x0a"  # how a file begins (ISO 18181-2)
JPEGXL_STARTS = (_CONTAINER, _CODESTREAM)
_FILE_TYPE = b"\0\0\0\x14ftypjxl \0\0\0\0jxl "
_CICP = (BT2020_PRIMARIES, PQ_TRANSFER, 0, 1)
LINEAR_REC709 = (1, 8)
"""Codes of ITU-T H.273."""
_MAX16 = 65535
_MOST_CHANNELS = 4


def _open(result: Result) -> AbstractContextManager[WriteRows]:
    """16 bits; of the options it takes `white_nits` and `quality`."""
    options, info = result.options, result.info

    def encode(rows: LinearPixels) -> np.ndarray:
        return np.rint(to_pq2020(rows, options.white_nits or WHITE, info.primaries) * _MAX16).astype(np.uint16)

    attributes = {"compression": f"jpegxl:{options.quality}", "CICP": (OpenImageIO.TypeDesc("int[4]"), _CICP)}
    return scanline_writer(result, "uint16", attributes, encode=encode, complete=lambda path: _add_boxes(path, info))


def _add_boxes(path: Path, info: PictureInfo) -> None:
    """EXIF and XMP, as the container has them (ISO 18181-2)."""
    exif = result_exif(info)
    boxes = b"" if exif is None else box(b"Exif", bytes(4) + exif)  # first the distance to the TIFF structure
    boxes += b"" if info.xmp is None else box(b"xml ", info.xmp)
    if boxes:
        data = path.read_bytes()
        wrapped = data if data.startswith(_CONTAINER) else _CONTAINER + _FILE_TYPE + box(b"jxlc", data)
        path.write_bytes(wrapped + boxes)


JPEG_XL = ResultFormat(endings=(".jxl",), open=_open, largest=pq_peak)
"""16-bit PQ codes of BT.2020."""


@file_reader("JPEG XL", _CURE)
def read_linear_jpegxl(path: Path) -> HdrImage:
    """Read a JPEG XL of linear Rec. 709 values.

    Raises:
        InputError: damaged, or of another colour encoding.
    """
    source = _opened(path)
    spec = source.spec()
    check_pixels(path, spec.width, spec.height, HDR_BYTES)
    stored = source.read_image(0, 0, 0, 3, "float") if spec.nchannels >= 3 else None
    codes = _colour_codes(spec)
    if stored is None:
        raise InputError(path, f"{spec.nchannels}-channel or damaged JPEG XL", "HDR images have red, green and blue")
    if codes != LINEAR_REC709:
        raise InputError(path, f"JPEG XL of colour codes {codes}", "HDR is PQ, HLG or linear Rec. 709, (1, 8)")
    notes = ("alpha channel dropped",) if spec.nchannels == 4 else ()
    return rec709_image(path, stored, "linear, JPEG XL", notes=notes)


def jpegxl_codes(path: Path) -> tuple[int, int]:
    """Primaries and transfer characteristics by the codes of ITU-T H.273; (2, 2) means unspecified.

    Raises:
        InputError: damaged.
    """
    return _colour_codes(_opened(path).spec())


def read_jpegxl_samples(path: Path) -> StoredImage:
    """The stored integers of a JPEG XL, upright.

    Raises:
        InputError: damaged, floating-point, or too large.
    """
    source = _opened(path)
    spec = source.spec()
    check_pixels(path, spec.width, spec.height)
    if str(spec.format) not in ("uint8", "uint16"):
        raise InputError(path, f"{spec.format} pixels", "a photograph of 8 or 16 bits per channel is expected here")
    samples = source.read_image(0, 0, 0, min(spec.nchannels, _MOST_CHANNELS), str(spec.format))
    if samples is None:
        raise InputError(path, f"damaged JPEG XL ({source.geterror().strip()})", _CURE)
    profile = spec.getattribute("ICCProfile")
    return StoredImage(samples, profile=None if profile is None else bytes(profile))


def _opened(path: Path) -> OpenImageIO.ImageInput:
    source = OpenImageIO.ImageInput.open(str(path))
    if source is None:
        raise InputError(path, f"damaged or unreadable JPEG XL ({OpenImageIO.geterror().strip()})", _CURE)
    return source


def _colour_codes(spec: OpenImageIO.ImageSpec) -> tuple[int, int]:
    primaries, transfer = (*(spec.getattribute("CICP") or (2, 2)),)[:2]
    return primaries, transfer
