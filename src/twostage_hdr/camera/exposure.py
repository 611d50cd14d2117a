"""Choosing how long the virtual shutter stays open."""

from typing import Any

import numpy as np
from jaxtyping import Float
from torch import Tensor
from torch.utils.weak import WeakTensorKeyDictionary

from twostage_hdr.errors import InputError
from twostage_hdr.radiometry.exposure import scale_to_clip
from twostage_hdr.radiometry.quantities import LinearRGB

SMALLEST_WHITE = 1e-20
"""Relative radiance below which a scene counts as black: its reciprocal, and radiances scaled by it, stay finite."""

_KNOWN: Any = WeakTensorKeyDictionary()
"""Of images, as long as they live: by the largest share, the levels that may clip."""


class ClippedShareExposure:
    """Expose so that a random share of the pixels clips, as [eilertsen2017hdrcnn] does with 5 to 15 %.

    A pixel clips when its largest channel reaches 1. The share is drawn uniformly from (low, high) for every scene.
    What it takes to expose an image is kept as long as the image lives, since each of its crops is exposed on the whole
    of it: an image must not be changed in place.

    Args:
        low: smallest share of clipped pixels, in [0, 1].
        high: largest share of clipped pixels, in [low, 1].
    """

    def __init__(self, *, low: float = 0.01, high: float = 0.20) -> None:
        if not 0 <= low <= high <= 1:
            raise InputError("camera.exposure", f"low={low}, high={high}", "give shares with 0 <= low <= high <= 1")
        self.low = low
        self.high = high

    def scale(self, linear: LinearRGB, rng: np.random.Generator) -> float:
        """The factor to multiply `linear` (3, H, W) with, > 0 and finite.

        At least one pixel clips. Where a part of the scene larger than the share is equally bright, all of it lands
        exactly on 1; where the share is larger than what is not black, the faintest pixel that is not lands there. A
        black scene is left alone (factor 1).
        """
        share = float(rng.uniform(self.low, self.high))
        levels = self._brightest(linear)
        if len(levels) == 0:
            return 1.0
        clipped = max(round(share * linear.shape[-2] * linear.shape[-1]), 1)
        return float(scale_to_clip(levels[min(clipped, len(levels)) - 1]))

    def _brightest(self, linear: LinearRGB) -> Float[Tensor, " count"]:
        """The largest channels of the pixels that may clip, brightest first; black ones are left out."""
        known = _KNOWN.setdefault(linear, {})
        if self.high not in known:
            largest = linear.detach().amax(dim=-3).flatten()
            most = largest.topk(max(round(self.high * len(largest)), 1)).values
            known[self.high] = most[most > SMALLEST_WHITE].clone()
        return known[self.high]
