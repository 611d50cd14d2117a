"""Photographs whose pixels are an HDR signal, PQ or HLG: AVIF, HEIC, JPEG XL, and PNG with cICP."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from jaxtyping import UInt

from twostage_hdr.errors import InputError
from twostage_hdr.imaging.avif import read_avif_samples
from twostage_hdr.imaging.chromaticities import PRIMARIES_BY_CODE, Chromaticities, rgb_to_xyz
from twostage_hdr.imaging.colour_codes import SIGNALS, container, open_heif, stated_codes
from twostage_hdr.imaging.colour_profile import upright
from twostage_hdr.imaging.jpegxl import read_jpegxl_samples
from twostage_hdr.imaging.ldr_png import read_png_samples
from twostage_hdr.imaging.pixel_arrays import LinearPixels, StoredImage
from twostage_hdr.imaging.pq_pixels import PQ_TRANSFER
from twostage_hdr.radiometry.hlg import HLG_PEAK, hlg_display, hlg_scene
from twostage_hdr.radiometry.photometry import PQ_PEAK, SDR_WHITE_NITS
from twostage_hdr.radiometry.pq import pq_decode


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


def read_hdr_signal(path: Path) -> HdrSignal | None:
    """The PQ or HLG picture of a file; None for any other file.

    Raises:
        InputError: primaries other than Rec. 709, Display P3 and Rec. 2020, or too many pixels; anything for a damaged
            file.
    """
    name, (primaries, transfer) = container(path), stated_codes(path)
    if transfer not in SIGNALS:
        return None
    if primaries not in PRIMARIES_BY_CODE:
        raise InputError(path, f"HDR of primaries {primaries}", "export it in Display P3 or Rec. 2020")
    samples, orientation, _, bits = _READERS[name](path)
    turned, _ = upright(samples, orientation)
    channels = samples.shape[2]
    return HdrSignal(
        kind=f"{SIGNALS[transfer]} {name}",
        codes=np.ascontiguousarray(turned[:, :, :3] if channels >= 3 else np.repeat(turned[:, :, :1], 3, axis=2)),
        largest=np.iinfo(samples.dtype).max if bits is None else 2**bits - 1,
        transfer=transfer,
        primaries=PRIMARIES_BY_CODE[primaries],
        notes=("alpha channel dropped",) if channels in (2, 4) else (),
    )


def _read_heif_samples(path: Path) -> StoredImage:
    file = open_heif(path, stored_bits=True)
    return StoredImage(np.atleast_3d(np.asarray(file)), bits=file.info["bit_depth"])


_READERS = {
    "PNG": read_png_samples,
    "JPEG XL": read_jpegxl_samples,
    "AVIF": read_avif_samples,
    "HEIC": _read_heif_samples,
}
