"""Photographs that already are HDR: their own light where they have it, the network's where that clips too.

A photograph clips where a channel is at the most that the file can hold: base and gain at their maximum, or PQ and HLG
at their peak. There the network sees what it was made for: the photograph that would clip at that light.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from jaxtyping import Float32

from twostage_hdr.imaging.photograph import OwnLight, Photograph
from twostage_hdr.imaging.pixel_arrays import LinearPixels
from twostage_hdr.inference.reconstruct import Reconstruction, Reconstructor

CLIPS = (0.94, 0.98)
"""Share of the peak from which the network's light counts, up to wholly: JPEG leaves a clipped base and its gain a few
codes below their maximum."""
LEAST_CLIPPED = 1e-5
"""Share of the pixels below which those at the peak are the picture's brightest, and not clipped: most encoders make
the gain's maximum that of the picture."""


@dataclass(frozen=True, kw_only=True)
class HdrUse:
    """What was made of a photograph's own HDR.

    Attributes:
        kind: of HDR, in words.
        headroom_stops: from SDR white to the peak of the file.
        clipped_share: of the pixels, where the network's light counts.
    """

    kind: str
    headroom_stops: float
    clipped_share: float

    def __str__(self) -> str:
        clipped = (
            f"the network's light in the {self.clipped_share:.2%} that clip" if self.clipped_share else "none clips"
        )
        return f"already HDR ({self.kind}, {self.headroom_stops:.1f} stops above white): its own light used, {clipped}"


def begin(photograph: Photograph, reconstructor: Reconstructor) -> tuple[Reconstruction, HdrUse | None]:
    """The result of a photograph, computed as its rows are taken, and what was made of its own HDR if it has that.

    The result has the photograph's primaries. The network, trained on Rec. 709, sees the channels as they are stored:
    light clips in these, whatever their primaries, and below white nothing but what is stored comes out.

    Raises:
        InputError: see `Reconstructor.begin`.
    """
    light = photograph.light
    if light is None:
        return reconstructor.begin(photograph.sdr()), None
    share = _clipped_share(light)
    use = HdrUse(kind=light.kind, headroom_stops=light.headroom, clipped_share=share)
    if not share:
        return Reconstruction(rows=light.bands(), uncertainty=partial(_certain, light.width)), use
    seen = replace(reconstructor, response="declared").begin(light.exposed(light.peak))
    return Reconstruction(rows=_joined(light, seen.rows), uncertainty=seen.uncertainty), use


def _clipped_share(light: OwnLight) -> float:
    clipped = sum(int((_weight(rows / light.peak) > 0).any(axis=2).sum()) for rows in light.bands())
    share = clipped / (light.height * light.width)
    return share if share > LEAST_CLIPPED else 0.0


def _joined(light: OwnLight, bands: Iterator[LinearPixels]) -> Iterator[LinearPixels]:
    """Clipped channels are never darker than the file has them."""
    top = 0
    for band in bands:
        own = light.rows(top, top + len(band))
        yield own + _weight(own / light.peak) * np.maximum(band * light.peak - own, 0)
        top += len(band)


def _weight(share: LinearPixels) -> LinearPixels:
    """Of the network's light, by the share of the peak: 0 to 1, with smooth ends."""
    ramp = ((share - np.float32(CLIPS[0])) / np.float32(CLIPS[1] - CLIPS[0])).clip(0, 1)
    return ramp * ramp * (3 - 2 * ramp)


def _certain(width: int, top: int, bottom: int) -> Float32[np.ndarray, "rows width"]:
    return np.zeros((bottom - top, width), np.float32)
