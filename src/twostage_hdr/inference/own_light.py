"""Photographs that already are HDR: their own light where they have it, the network's where that clips too.

A photograph clips where a channel is at the most that the file can hold: base and gain at their maximum, or PQ and HLG
at their peak. There the network sees what it was made for: the photograph that would clip at that light.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32

from twostage_hdr.imaging.hdr_signal import OwnLight
from twostage_hdr.imaging.pixel_arrays import LinearPixels

CLIPS = (0.9, 0.97)
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
        clips = (
            f"the network's where that clips ({self.clipped_share:.2%})" if self.clipped_share else "none of it clips"
        )
        return f"already HDR ({self.kind}, {self.headroom_stops:.1f} stops above white): its own light, {clips}"


def hdr_use(light: OwnLight) -> HdrUse:
    """Looks through the photograph for what clips."""
    begins = CLIPS[0] * light.peak
    clipped = sum(int((rows > begins).any(axis=2).sum()) for rows in light.bands())
    share = clipped / (light.height * light.width)
    return HdrUse(kind=light.kind, headroom_stops=light.headroom, clipped_share=share if share > LEAST_CLIPPED else 0.0)


def joined(light: OwnLight, bands: Iterator[LinearPixels]) -> Iterator[LinearPixels]:
    """The photograph's own rows, brighter where their channels clip.

    Args:
        light: of the photograph.
        bands: of the network, 1.0 = where the photograph clips.
    """
    top = 0
    for band in bands:
        own = light.rows(top, top + len(band))
        ramp = ((own / light.peak - np.float32(CLIPS[0])) / np.float32(CLIPS[1] - CLIPS[0])).clip(0, 1)
        weight = ramp * ramp * (3 - 2 * ramp)  # of the network's light: 0 to 1, with smooth ends
        yield own + weight * np.maximum(band * light.peak - own, 0)
        top += len(band)


def certain(width: int, top: int, bottom: int) -> Float32[np.ndarray, "rows width"]:
    """The uncertainty, stops, of light that the file holds."""
    return np.zeros((bottom - top, width), np.float32)
