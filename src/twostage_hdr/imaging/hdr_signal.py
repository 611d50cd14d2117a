"""Photographs whose pixels are an HDR signal, PQ or HLG: AVIF, HEIC, JPEG XL, and PNG with cICP."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import imagecodecs
import numpy as np
import torch
from jaxtyping import UInt
from PIL import Image

from twostage_hdr.boundary.file_reader import file_reader
from twostage_hdr.boundary.pixel_limit import HDR_BYTES, PHOTOGRAPH_BYTES, check_pixels
from twostage_hdr.boundary.regular_file import read_bytes
from twostage_hdr.errors import InputError
from twostage_hdr.imaging.avif import bit_depth, colour_codes, image_sizes
from twostage_hdr.imaging.chromaticities import PRIMARIES_BY_CODE, Chromaticities, name_of, rgb_to_xyz, to_rec709_pixels
from twostage_hdr.imaging.colour_profile import orientation_of, upright
from twostage_hdr.imaging.jpeg_segments import SDR_WHITE_NITS
from twostage_hdr.imaging.jpegxl import is_jpegxl, jpegxl_codes, read_jpegxl_samples
from twostage_hdr.imaging.ldr import brands, is_heif, open_heif
from twostage_hdr.imaging.ldr_png import png_size, read_png_header
from twostage_hdr.imaging.pixel_arrays import HdrImage, LinearPixels
from twostage_hdr.imaging.pq_pixels import HLG_TRANSFER, PQ_TRANSFER
from twostage_hdr.radiometry.hlg import HLG_PEAK, hlg_display, hlg_scene
from twostage_hdr.radiometry.photometry import PQ_PEAK, WHITE
from twostage_hdr.radiometry.pq import pq_decode

_NAMES = {PQ_TRANSFER: "PQ", HLG_TRANSFER: "HLG"}


@dataclass(frozen=True, kw_only=True)
class HdrSignal:
    """Code values as a file stores them.

    Attributes:
        kind: signal and format, in words.
        codes: upright RGB, full range.
        largest: code of the signal 1.0.
        transfer: PQ's or HLG's code of ITU-T H.273.
        primaries: of the pixels.
        notes: what was changed on the way.
    """

    kind: str
    codes: UInt[np.ndarray, "height width 3"]
    largest: int
    transfer: int
    primaries: Chromaticities
    notes: tuple[str, ...] = ()

    @property
    def peak(self) -> float:
        """Light of the brightest white, 1.0 = SDR white (203 cd/m^2)."""
        return (PQ_PEAK if self.transfer == PQ_TRANSFER else HLG_PEAK) / SDR_WHITE_NITS

    def light(self) -> Callable[[int, int], LinearPixels]:
        """What gives the linear light of the rows from one to another, 1.0 = SDR white.

        Codes above the largest, of a file that states too few bits, are the peak.
        """
        steps = torch.linspace(0, 1, self.largest + 1, dtype=torch.float64)
        if self.transfer == PQ_TRANSFER:
            table = (pq_decode(steps) / SDR_WHITE_NITS).float().numpy()
            return lambda top, bottom: table.take(self.codes[top:bottom], mode="clip")
        scene, weights = hlg_scene(steps).float().numpy(), torch.from_numpy(rgb_to_xyz(self.primaries)[1]).float()
        return lambda top, bottom: (
            hlg_display(torch.from_numpy(scene.take(self.codes[top:bottom], mode="clip")), weights) / SDR_WHITE_NITS
        ).numpy()


@file_reader("HDR image", "fetch or export it again")
def read_signal_as_linear(path: str | Path) -> HdrImage:
    """Read an AVIF, HEIC, JPEG XL or PNG of PQ or HLG as linear Rec. 709; 1.0 is 200 cd/m^2.

    Raises:
        InputError: see `read_hdr_signal`; or neither PQ nor HLG.
    """
    path = Path(path)
    signal = read_hdr_signal(path, pixel_bytes=HDR_BYTES)
    if signal is None:
        raise InputError(path, "neither PQ nor HLG", "an ordinary photograph goes to reconstruct")
    light = signal.light()(0, len(signal.codes)) * np.float32(SDR_WHITE_NITS / WHITE)
    pixels, changes = to_rec709_pixels(light, str(path), signal.primaries)
    return HdrImage(
        pixels=pixels,
        domain=f"{signal.kind}, {signal.largest.bit_length()} bits",
        notes=(*signal.notes, *changes),
        white_nits=WHITE,
        primaries=name_of(signal.primaries),
    )


def is_hdr_signal(path: Path) -> bool:
    """Whether a PNG, AVIF or JPEG XL says that it is PQ or HLG; other and damaged files do not."""
    try:
        if is_jpegxl(path):
            return jpegxl_codes(path)[1] in _NAMES
        transfers = [read_png_header(path).codes[1]]
        transfers += [colour_codes(read_bytes(path))[1]] if b"avif" in brands(path) else []
    except InputError:
        return False
    return not _NAMES.keys().isdisjoint(transfers)


def read_hdr_signal(path: Path, *, pixel_bytes: int = PHOTOGRAPH_BYTES) -> HdrSignal | None:
    """The PQ or HLG picture of a file; None for any other file.

    Args:
        path: the file.
        pixel_bytes: see `check_pixels`.

    Raises:
        InputError: primaries other than Rec. 709, Display P3 and Rec. 2020, or too many pixels; anything for a damaged
            file.
    """
    if read_png_header(path).codes[1] in _NAMES:
        return _from_png(path, pixel_bytes)
    if is_jpegxl(path):
        return _from_jpegxl(path, pixel_bytes)
    if is_heif(path):
        return _from_heif(path)
    return _from_avif(path, pixel_bytes) if b"avif" in brands(path) else None


def _signal(path: Path, name: str, stored: np.ndarray, largest: int, codes: tuple[int, int]) -> HdrSignal:
    if codes[0] not in PRIMARIES_BY_CODE:
        raise InputError(path, f"HDR of primaries {codes[0]}", "export it in Display P3 or Rec. 2020")
    colours = stored if stored.ndim == 3 else stored[:, :, None]
    colours = colours[:, :, :3] if colours.shape[2] >= 3 else np.repeat(colours[:, :, :1], 3, axis=2)
    return HdrSignal(
        kind=f"{_NAMES[codes[1]]} {name}",
        codes=np.ascontiguousarray(colours),
        largest=largest,
        transfer=codes[1],
        primaries=PRIMARIES_BY_CODE[codes[0]],
        notes=("alpha channel dropped",) if stored.ndim == 3 and stored.shape[2] in (2, 4) else (),
    )


def _from_png(path: Path, pixel_bytes: int) -> HdrSignal:
    check_pixels(path, *png_size(path), pixel_bytes)
    stored = imagecodecs.png_decode(read_bytes(path))
    with Image.open(path) as image:
        turned, _ = upright(stored, orientation_of(image))
    return _signal(path, "PNG", turned, np.iinfo(stored.dtype).max, read_png_header(path).codes)


def _from_jpegxl(path: Path, pixel_bytes: int) -> HdrSignal | None:
    codes = jpegxl_codes(path)
    if codes[1] not in _NAMES:
        return None
    stored = read_jpegxl_samples(path, pixel_bytes).samples
    return _signal(path, "JPEG XL", stored, np.iinfo(stored.dtype).max, codes)


def _from_heif(path: Path) -> HdrSignal | None:
    file = open_heif(path, stored_bits=True)
    nclx = file.info.get("nclx_profile") or {}
    codes = nclx.get("color_primaries", 2), nclx.get("transfer_characteristics", 2)
    if codes[1] not in _NAMES:
        return None
    return _signal(path, "HEIC", np.asarray(file), 2 ** file.info["bit_depth"] - 1, codes)


def _from_avif(path: Path, pixel_bytes: int) -> HdrSignal | None:
    data = read_bytes(path)
    codes = colour_codes(data)
    if codes[1] not in _NAMES:
        return None
    for width, height in image_sizes(data):
        check_pixels(path, width, height, pixel_bytes)
    stored = imagecodecs.avif_decode(data)
    with Image.open(path) as image:
        turned, _ = upright(stored, orientation_of(image))
    return _signal(path, "AVIF", turned, 2 ** bit_depth(data) - 1, codes)
