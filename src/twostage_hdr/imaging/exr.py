"""OpenEXR: read at full resolution of the default view, as Rec. 709; written by rows, with any primaries."""

import math
from collections.abc import Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import OpenEXR
import OpenImageIO

from twostage_hdr.boundary.file_reader import file_reader
from twostage_hdr.boundary.pixel_limit import HDR_BYTES, check_pixels
from twostage_hdr.errors import InputError
from twostage_hdr.imaging.chromaticities import REC709, Chromaticities, rec709_image, rgb_to_xyz, stated_chromaticities
from twostage_hdr.imaging.exif import NO_INFO, PictureInfo, exif_moment, openexr_attributes
from twostage_hdr.imaging.pixel_arrays import HdrImage, LinearPixels
from twostage_hdr.imaging.result_format import ExrCompression, Result, ResultFormat, ResultOptions, WriteRows
from twostage_hdr.imaging.scanline_writer import scanline_writer

_Channels = Mapping[str, np.ndarray]
_SAMPLE_BYTES = 8
"""Memory for one sample of at most 32 bits while it is decoded."""
_DEEP = frozenset({OpenEXR.deepscanline, OpenEXR.deeptile})


@file_reader("OpenEXR", "fetch or render it again")
def read_exr(path: Path) -> HdrImage:
    """Read an OpenEXR file as linear Rec. 709 RGB.

    Of several views the default one is read, of several parts the first with colour, of mip-maps the full resolution;
    luminance-only files become grey RGB, luminance/chroma files RGB; alpha and further channels are dropped.

    Raises:
        InputError: damaged, deep, or without colour; NaN or infinite values.
    """
    _check_size(path)
    with OpenEXR.File(str(path), separate_channels=True) as file:
        parts = [
            # Copied, since leaving the context empties the headers.
            (dict(file.header(index)), {name: channel.pixels for name, channel in file.channels(index).items()})
            for index in range(len(file.parts))
        ]
    if not parts or not all(channels for _, channels in parts):  # the bindings leave out what they cannot read
        raise InputError(path, "damaged OpenEXR (its pixels cannot be read)", "fetch or render it again")
    for header, channels in parts:
        if header.get("type") in _DEEP:
            raise InputError(path, "a deep OpenEXR image", "flatten it first")
        layer = _colour_layer(channels)
        if layer is not None:
            return _assemble(path, header, channels, layer)
    names = sorted(name for _, channels in parts for name in channels)
    raise InputError(path, f"no colour among its channels ({', '.join(names[:8])})", "R, G, B or Y are needed")


def read_exr_info(path: Path) -> PictureInfo:
    """Date and XMP of an OpenEXR file that can be read; nothing else of what a photograph said about itself."""
    with OpenEXR.File(str(path), separate_channels=True, header_only=True) as file:
        header = file.parts[0].header
        date, xmp = header.get("capDate"), header.get("xmp")
    return PictureInfo(taken=exif_moment(date, None), xmp=xmp.encode() if isinstance(xmp, str) and xmp else None)


def _check_size(path: Path) -> None:
    """Refuses by the headers, since all channels of all parts are decoded."""
    with OpenEXR.File(str(path), separate_channels=True, header_only=True) as file:
        for part in file.parts:
            (left, top), (right, bottom) = ([int(value) for value in corner] for corner in part.header["dataWindow"])
            sample_bytes = _SAMPLE_BYTES * len(part.header["channels"]) * len(file.parts)
            check_pixels(path, right - left + 1, bottom - top + 1, max(HDR_BYTES, sample_bytes))


def _colour_layer(channels: _Channels) -> str | None:
    """Prefix of the layer that holds the picture: none for the default view, else the first with R, G and B."""
    if {"R", "G", "B"} <= channels.keys() or "Y" in channels:
        return ""
    layers = [name.removesuffix("R") for name in channels if name.endswith(".R")]
    return next((layer for layer in layers if {f"{layer}G", f"{layer}B"} <= channels.keys()), None)


def _assemble(path: Path, header: Mapping[str, Any], channels: _Channels, layer: str) -> HdrImage:
    stated = header.get("chromaticities")
    primaries = REC709 if stated is None else stated_chromaticities([float(value) for value in stated], str(path))
    notes = _notes_on_header(header, channels, layer)
    stored = channels[f"{layer}R"] if f"{layer}R" in channels else channels["Y"]
    if stored.dtype.kind != "f":
        raise InputError(path, f"{stored.dtype} channels", "HDR images hold half or float")
    if f"{layer}R" in channels:
        linear = np.stack([channels[layer + name] for name in "RGB"], axis=-1).astype(np.float32, copy=False)
    elif {"RY", "BY"} <= channels.keys():
        linear = _from_luminance_chroma(channels, primaries)
        notes.append("luminance/chroma converted to RGB")
    else:
        linear = np.repeat(stored[:, :, None], 3, axis=2).astype(np.float32)
        notes.append("luminance only: grey RGB")
    domain, white = f"linear {'half' if stored.dtype == np.float16 else 'float'}, OpenEXR", header.get("whiteLuminance")
    nits = float(white) if white and white > 0 else None
    return rec709_image(path, linear, domain, primaries=primaries, notes=notes, white_nits=nits)


def _notes_on_header(header: Mapping[str, Any], channels: _Channels, layer: str) -> list[str]:
    notes = []
    views = header.get("multiView")
    if views and len(views) > 1:
        notes.append(f"default view '{views[0]}' of {len(views)} used")
    if layer:
        notes.append(f"layer '{layer.rstrip('.')}' used")
    if f"{layer}A" in channels:
        notes.append("alpha channel dropped")
    data, display = (np.asarray(header.get(name, 0)) for name in ("dataWindow", "displayWindow"))
    if data.shape == display.shape and not np.array_equal(data, display):
        notes.append("the data window differs from the display window; all data pixels are kept")
    if abs(float(header.get("pixelAspectRatio", 1)) - 1) > 1e-3:
        notes.append(f"pixel aspect ratio {header['pixelAspectRatio']:.4g} ignored")
    return notes


def _from_luminance_chroma(channels: _Channels, primaries: Chromaticities) -> np.ndarray:
    """RGB of OpenEXR's Y, RY = (R - Y)/Y and BY = (B - Y)/Y, the last two at half resolution as a rule."""
    luminance = channels["Y"].astype(np.float32)
    height, width = luminance.shape
    red_weight, green_weight, blue_weight = rgb_to_xyz(primaries)[1].astype(np.float32)
    red, blue = (
        (1 + cv2.resize(channels[name].astype(np.float32), (width, height), interpolation=cv2.INTER_LINEAR)) * luminance
        for name in ("RY", "BY")
    )
    green = (luminance - red_weight * red - blue_weight * blue) / green_weight
    return np.stack([red, green, blue], axis=-1)


LARGEST_HALF = float(np.finfo(np.float16).max)
"""Brighter values are clipped in files of 16-bit floats."""


def exr_writer(result: Result, *, pixel_aspect: float = 1.0, grey: bool = False) -> AbstractContextManager[WriteRows]:
    """Begins an OpenEXR file of linear rows.

    Args:
        result: The file; of the options it takes `half` (values above 65504 are clipped), `compression`, `white_nits`.
        pixel_aspect: Width / height of a pixel.
        grey: One channel, Y, instead of R, G and B.
    """
    options, primaries = result.options, result.info.primaries
    numbers = tuple(float(number) for xy in primaries for number in xy)
    attributes = {
        **openexr_attributes(result.info),
        "compression": options.compression,
        "PixelAspectRatio": float(pixel_aspect),
        "chromaticities": (OpenImageIO.TypeDesc("float[8]"), numbers),
        **({"oiio:ColorSpace": "lin_rec709_scene"} if primaries == REC709 else {}),
        **({} if options.white_nits is None else {"whiteLuminance": float(options.white_nits)}),
    }

    def encode(rows: np.ndarray) -> np.ndarray:
        return np.minimum(rows, LARGEST_HALF).astype(np.float16) if options.half else rows

    sample, channels = "half" if options.half else "float", 1 if grey else 3
    return scanline_writer(result, sample, attributes, encode=encode, channels=channels)


def write_exr(
    path: str | Path,
    linear: LinearPixels,
    *,
    half: bool = True,
    compression: ExrCompression = "zip",
    white_nits: float | None = None,
    info: PictureInfo = NO_INFO,
) -> None:
    """Write linear pixels, in the primaries of `info`, as OpenEXR; for the others see `ResultOptions`."""
    EXR.save(path, linear, ResultOptions(half=half, compression=compression, white_nits=white_nits), info)


def _largest(options: ResultOptions) -> tuple[float, str]:
    return (LARGEST_HALF if options.half else math.inf), "OpenEXR of 16-bit floats"


EXR = ResultFormat(endings=(".exr",), open=exr_writer, largest=_largest)
"""Linear half or float, with chromaticities, `whiteLuminance` on request, and what the photograph says."""
