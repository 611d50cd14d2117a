"""The light of HDR photographs; of AVIF, HEIC, JPEG XL and PNG (cICP) whose pixels are PQ or HLG."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float32, UInt

from twostage_hdr.errors import InputError
from twostage_hdr.imaging.avif import read_avif_samples
from twostage_hdr.imaging.chromaticities import PRIMARIES_BY_CODE, REC709, Chromaticities, rgb_to_xyz
from twostage_hdr.imaging.colour_codes import SIGNALS, container, open_heif, stated_codes
from twostage_hdr.imaging.jpegxl import read_jpegxl_samples
from twostage_hdr.imaging.pixel_arrays import LdrPixels, LinearPixels, StoredImage, row_bands
from twostage_hdr.imaging.png_chunks import read_png_samples
from twostage_hdr.imaging.pq_pixels import PQ_TRANSFER
from twostage_hdr.radiometry.hlg import HLG_PEAK, hlg_display, hlg_scene
from twostage_hdr.radiometry.photometry import PQ_PEAK, SDR_WHITE_NITS
from twostage_hdr.radiometry.pq import pq_decode
from twostage_hdr.radiometry.srgb import srgb_encode

_LARGEST = 65535


@dataclass(frozen=True, kw_only=True)
class OwnLight:
    """The light that an HDR photograph itself holds, linear; 1.0 = its SDR white (203 cd/m^2 in PQ and HLG).

    Attributes:
        kind: of HDR, in words.
        height: rows.
        width: pixels in a row.
        peak: the most that each channel can hold.
        rows: gives those from one to another.
        bits: of the samples of PQ and HLG; None of what a gain map makes.
        primaries: of the light.
        notes: what was changed on the way, in words.
    """

    kind: str
    height: int
    width: int
    peak: Float32[np.ndarray, "3"]
    rows: Callable[[int, int], LinearPixels]
    bits: int | None = None
    primaries: Chromaticities = REC709
    notes: tuple[str, ...] = ()

    @property
    def headroom(self) -> float:
        """Stops from SDR white to the peak."""
        return float(np.log2(self.peak.max()))

    def bands(self) -> Iterator[LinearPixels]:
        """All rows, from top to bottom."""
        for rows in row_bands(self.height):
            yield self.rows(rows.start, rows.stop)

    def exposed(self, white: Float32[np.ndarray, "3"]) -> LdrPixels:
        """The photograph that would clip at this light: encoded as sRGB, 16 bits."""
        pixels = np.empty((self.height, self.width, 3), np.uint16)
        for band, rows in zip(self.bands(), row_bands(self.height), strict=True):
            encoded = srgb_encode(torch.from_numpy(band / white).clamp_(0, 1))
            pixels[rows] = (encoded * _LARGEST).round().numpy()
        return pixels


def read_hdr_signal(path: Path) -> OwnLight | None:
    """The light of the PQ or HLG picture of a file; None for any other file.

    Raises:
        InputError: primaries other than Rec. 709, Display P3 and Rec. 2020, or too many pixels; anything for a damaged
            file.
    """
    name, (primaries, transfer) = container(path), stated_codes(path)
    if transfer not in SIGNALS:
        return None
    if primaries not in PRIMARIES_BY_CODE:
        raise InputError(path, f"HDR of primaries {primaries}", "export it in Display P3 or Rec. 2020")
    stored = _READERS[name](path)
    codes, notes = stored.upright_rgb()
    bits = stored.bits or 8 * codes.itemsize
    return OwnLight(
        kind=f"{SIGNALS[transfer]} {name}",
        height=codes.shape[0],
        width=codes.shape[1],
        peak=np.full(3, (PQ_PEAK if transfer == PQ_TRANSFER else HLG_PEAK) / SDR_WHITE_NITS, np.float32),
        rows=light_of_codes(codes, bits, transfer, PRIMARIES_BY_CODE[primaries]),
        bits=bits,
        primaries=PRIMARIES_BY_CODE[primaries],
        notes=tuple(notes),
    )


def light_of_codes(
    codes: UInt[np.ndarray, "height width 3"], bits: int, transfer: int, primaries: Chromaticities
) -> Callable[[int, int], LinearPixels]:
    """What gives the light of the rows from one to another; codes beyond the stated bits are the peak."""
    steps = torch.linspace(0, 1, 2**bits, dtype=torch.float64)
    if transfer == PQ_TRANSFER:
        table = (pq_decode(steps) / SDR_WHITE_NITS).float().numpy()
        return lambda top, bottom: table.take(codes[top:bottom], mode="clip")
    scene, weights = hlg_scene(steps).float().numpy(), torch.from_numpy(rgb_to_xyz(primaries)[1]).float()
    return lambda top, bottom: (
        hlg_display(torch.from_numpy(scene.take(codes[top:bottom], mode="clip")), weights) / SDR_WHITE_NITS
    ).numpy()


def _read_heif_samples(path: Path) -> StoredImage:
    file = open_heif(path, stored_bits=True)
    samples = np.array(file)  # a copy: memory of the library ends with its file
    return StoredImage(np.atleast_3d(samples), bits=file.info["bit_depth"])


_READERS = {
    "PNG": read_png_samples,
    "JPEG XL": read_jpegxl_samples,
    "AVIF": read_avif_samples,
    "HEIC": _read_heif_samples,
}
