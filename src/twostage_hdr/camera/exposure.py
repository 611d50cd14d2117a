"""Choosing how long the virtual shutter stays open."""

import numpy as np
import torch

from twostage_hdr.errors import InputError
from twostage_hdr.radiometry.exposure import scale_for_clipped_share
from twostage_hdr.radiometry.quantities import LinearRGB

SMALLEST_WHITE = 1e-20
"""Relative radiance below which a scene counts as black: its reciprocal, and radiances scaled by it, stay finite."""


class ClippedShareExposure:
    """Expose so that a random share of the pixels clips, as [eilertsen2017hdrcnn] does with 5 to 15 %.

    A pixel clips when its largest channel reaches 1. The share is drawn uniformly from (low, high) for every scene.

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
        lit = int(torch.count_nonzero(linear.amax(dim=-3) > SMALLEST_WHITE))
        if lit == 0:
            return 1.0
        pixels = linear.shape[-2] * linear.shape[-1]
        clipped = min(max(round(share * pixels), 1), lit)
        return float(scale_for_clipped_share(linear, clipped / pixels))
