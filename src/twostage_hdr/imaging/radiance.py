"""Radiance pictures (.hdr): four bytes a pixel, three mantissas and a shared exponent."""

import re
from pathlib import Path

import imagecodecs
import numpy as np

from twostage_hdr.errors import InputError
from twostage_hdr.imaging.chromaticities import REC709, Chromaticities, name_of, rgb_to_xyz, stated_chromaticities
from twostage_hdr.imaging.hdr_image import HdrImage
from twostage_hdr.imaging.rec709_pixels import to_rec709_pixels

_RESOLUTION = re.compile(rb"\n\n([-+])([XY]) (\d+) ([-+])([XY]) (\d+)\n")
_HEADER_LIMIT = 65536
_XYZ_FORMAT = b"FORMAT=32-bit_rle_xyze"
_MOST_PIXELS_IN_A_BYTE = 16  # a run of 127 samples takes two bytes, and a pixel four samples


def read_radiance(path: str | Path) -> HdrImage:
    """Read a Radiance picture of either format (RGBE, XYZE) and any scan order as linear Rec. 709 RGB.

    The primaries are Rec. 709 unless PRIMARIES states others, as every other program reads them.

    Raises:
        InputError: not a Radiance picture, or a damaged one.
    """
    path = Path(path)
    data = path.read_bytes()
    resolution = _RESOLUTION.search(data[:_HEADER_LIMIT])
    if not data.startswith(b"#?") or resolution is None:
        raise InputError(f"{path}: not a Radiance picture (no #? or no resolution line in its header)")
    header = data[: resolution.start()].split(b"\n")
    scanlines = data[resolution.end() :]
    lines, length = int(resolution[3]), int(resolution[6])
    if not 0 < lines * length <= _MOST_PIXELS_IN_A_BYTE * len(scanlines):
        raise InputError(f"{path}: damaged Radiance picture ({lines} x {length} pixels in {len(scanlines)} bytes)")
    try:
        linear = _decode(scanlines, resolution)
    except imagecodecs.RgbeError as error:
        raise InputError(f"{path}: damaged Radiance picture ({error}); fetch or export it again") from error
    notes = []
    if _XYZ_FORMAT in header:
        linear = linear @ np.linalg.inv(rgb_to_xyz(REC709)).T.astype(np.float32)
        notes.append("converted from CIE XYZ")
    primaries = REC709 if notes else _primaries(header, path)
    exposure = _exposure(header, path)
    if exposure != 1:
        notes.append(f"EXPOSURE={exposure:g} of the header kept (the scale is relative)")
    pixels, changes = to_rec709_pixels(linear, str(path), primaries)
    return HdrImage(
        pixels=pixels, domain="linear RGBE, Radiance", notes=(*notes, *changes), primaries=name_of(primaries)
    )


def _decode(scanlines: bytes, resolution: re.Match[bytes]) -> np.ndarray:
    """Decode in the standard order (-Y +X), which is all that the decoder knows, then put the picture upright."""
    first_sign, first_axis, lines, second_sign, _, length = resolution.groups()
    head = b"#?RADIANCE\nFORMAT=32-bit_rle_rgbe\n\n-Y " + lines + b" +X " + length + b"\n"
    stored = imagecodecs.rgbe_decode(head + scanlines)
    columns_first = first_axis == b"X"
    upright = stored.swapaxes(0, 1) if columns_first else stored
    y_sign, x_sign = (second_sign, first_sign) if columns_first else (first_sign, second_sign)
    return np.ascontiguousarray(upright[:: 1 if y_sign == b"-" else -1, :: 1 if x_sign == b"+" else -1])


def _primaries(header: list[bytes], path: Path) -> Chromaticities:
    stated = [values for values in _numbers(header, b"PRIMARIES=", path) if any(values)]  # Photoshop writes zeros
    return stated_chromaticities(stated[0], str(path)) if stated else REC709


def _exposure(header: list[bytes], path: Path) -> float:
    """Product of the EXPOSURE lines, by which the values were multiplied."""
    return float(np.prod([np.prod(values) for values in _numbers(header, b"EXPOSURE=", path)]))


def _numbers(header: list[bytes], key: bytes, path: Path) -> list[list[float]]:
    """The numbers of each line of the header that starts with the key."""
    lines = [line.removeprefix(key) for line in header if line.startswith(key)]
    try:
        return [[float(value) for value in line.split()] for line in lines]
    except ValueError as error:
        raise InputError(f"{path}: damaged header, {key.decode()} {error}; correct or remove the line") from error
