"""Radiance pictures (.hdr): four bytes a pixel, three mantissas and a shared exponent."""

import re
import shutil
from contextlib import AbstractContextManager
from pathlib import Path

import imagecodecs
import numpy as np

from twostage_hdr.boundary.file_reader import file_reader
from twostage_hdr.boundary.pixel_limit import HDR_BYTES, check_pixels
from twostage_hdr.boundary.regular_file import read_bytes
from twostage_hdr.errors import InputError
from twostage_hdr.imaging.atomic import rewritten, software_tag
from twostage_hdr.imaging.chromaticities import REC709, rec709_image, rgb_to_xyz, stated_chromaticities
from twostage_hdr.imaging.exif import PictureInfo
from twostage_hdr.imaging.pixel_arrays import HdrImage, LinearPixels
from twostage_hdr.imaging.result_format import Result, ResultFormat, WriteRows
from twostage_hdr.imaging.scanline_writer import scanline_writer

_CURE = "fetch or export it again"
_RESOLUTION = re.compile(rb"\n\n([-+])([XY]) (\d+) ([-+])([XY]) (\d+)\n")
_HEADER_LIMIT = 65536
_XYZ_FORMAT = b"FORMAT=32-bit_rle_xyze"
_MOST_PIXELS_IN_A_BYTE = 16  # a run of 127 samples takes two bytes, and a pixel four samples


@file_reader("Radiance picture", _CURE)
def read_radiance(path: Path) -> HdrImage:
    """Read a Radiance picture of either format (RGBE, XYZE) and any scan order as linear Rec. 709 RGB.

    The primaries are Rec. 709 unless PRIMARIES states others, as every other program reads them.

    Raises:
        InputError: not a Radiance picture, or a damaged one.
    """
    data = read_bytes(path)
    resolution = _RESOLUTION.search(data[:_HEADER_LIMIT])
    if not data.startswith(b"#?") or resolution is None:
        raise InputError(path, "not a Radiance picture (no #? or no resolution line in its header)", _CURE)
    header = data[: resolution.start()].split(b"\n")
    scanlines = data[resolution.end() :]
    lines, length = int(resolution[3]), int(resolution[6])
    if not 0 < lines * length <= _MOST_PIXELS_IN_A_BYTE * len(scanlines):
        raise InputError(path, f"damaged Radiance picture ({lines} x {length} pixels in {len(scanlines)} bytes)", _CURE)
    check_pixels(path, length, lines, HDR_BYTES)
    linear = _decode(scanlines, resolution)
    notes = []
    if _XYZ_FORMAT in header:
        linear = linear @ np.linalg.inv(rgb_to_xyz(REC709)).T.astype(np.float32)
        notes.append("converted from CIE XYZ")
    stated = [values for values in _numbers(header, b"PRIMARIES=", path) if any(values)]  # Photoshop writes zeros
    primaries = REC709 if notes or not stated else stated_chromaticities(stated[0], str(path))
    exposure = float(np.prod([np.prod(values) for values in _numbers(header, b"EXPOSURE=", path)]))
    if exposure != 1:
        notes.append(f"EXPOSURE={exposure:g} of the header kept (the scale is relative)")
    return rec709_image(path, linear, "linear RGBE, Radiance", primaries=primaries, notes=notes)


def _decode(scanlines: bytes, resolution: re.Match[bytes]) -> np.ndarray:
    """Decode in the standard order (-Y +X), which is all that the decoder knows, then put the picture upright."""
    first_sign, first_axis, lines, second_sign, _, length = resolution.groups()
    head = b"#?RADIANCE\nFORMAT=32-bit_rle_rgbe\n\n-Y " + lines + b" +X " + length + b"\n"
    stored = imagecodecs.rgbe_decode(head + scanlines)
    columns_first = first_axis == b"X"
    upright = stored.swapaxes(0, 1) if columns_first else stored
    y_sign, x_sign = (second_sign, first_sign) if columns_first else (first_sign, second_sign)
    return np.ascontiguousarray(upright[:: 1 if y_sign == b"-" else -1, :: 1 if x_sign == b"+" else -1])


def _numbers(header: list[bytes], key: bytes, path: Path) -> list[list[float]]:
    """The numbers of each line of the header that starts with the key."""
    lines = [line.removeprefix(key) for line in header if line.startswith(key)]
    try:
        return [[float(value) for value in line.split()] for line in lines]
    except ValueError as error:
        raise InputError(path, f"damaged header, {key.decode()} {error}", "correct or remove the line") from error


_MANTISSA_BITS = 8
_DARKEST = np.float32(1e-32)  # encoders write black below it


def _add_lines(path: Path, info: PictureInfo) -> None:
    """Primaries, date and program, which the library leaves out, behind the first line of the header."""
    lines = [f"SOFTWARE={software_tag()}"]
    if info.taken:
        lines.append(f"CAPDATE={info.taken:%Y:%m:%d %H:%M:%S}")
    if info.primaries != REC709:
        lines.append("PRIMARIES=" + " ".join(f"{number:g}" for xy in info.primaries for number in xy))
    with rewritten(path) as (old, new):
        new.write(old.readline() + "".join(f"{line}\n" for line in lines).encode())
        shutil.copyfileobj(old, new)


def centre_on_shared_exponent(linear: LinearPixels) -> LinearPixels:
    """Move values to where an encoder that cuts mantissas off, as all do, arrives at the nearest RGBE value.

    Cutting off alone makes a picture 0.2 % darker on average. The quarter step above the nearest value keeps an
    encoder's own rounding errors from reaching the next lower one.
    """
    brightest = linear.max(axis=-1, keepdims=True)
    _, exponent = np.frexp(brightest)
    step = np.ldexp(np.float32(1), exponent - _MANTISSA_BITS)
    _, exponent = np.frexp(np.rint(brightest / step) * step)  # rounding up to a power of two takes the next exponent
    step = np.ldexp(np.float32(1), exponent - _MANTISSA_BITS)
    return np.where(brightest > _DARKEST, (np.rint(linear / step) + np.float32(0.25)) * step, np.float32(0))


def _open(result: Result) -> AbstractContextManager[WriteRows]:
    return scanline_writer(
        result, "float", {}, encode=centre_on_shared_exponent, complete=lambda path: _add_lines(path, result.info)
    )


RADIANCE = ResultFormat(endings=(".hdr",), open=_open, white="lost", metadata=False)
"""RGBE; of what the photograph says, the date."""
