"""Choosing one frame of an exposure bracket."""

import math
from collections.abc import Sequence

import numpy as np

from twostage_hdr.camera.exposure import ClippedShareExposure
from twostage_hdr.errors import InputError
from twostage_hdr.radiometry.quantities import LinearRGB


class BracketedExposure(ClippedShareExposure):
    """A medium exposure by its share of clipped pixels, then at random one frame of a bracket around it.

    Table 2 of [sharif2021twostage] draws the frame from short, medium and long; in HdM these are two stops apart
    [ntire2021hdr].

    Args:
        low: smallest share of pixels that clip in the medium frame, in [0, 1].
        high: largest share, in [low, 1].
        stops: of the frames, relative to the medium one; all are equally probable.
    """

    def __init__(self, *, low: float = 0.01, high: float = 0.20, stops: Sequence[float] = (-2.0, 0.0, 2.0)) -> None:
        super().__init__(low=low, high=high)
        if not stops or not all(math.isfinite(stop) for stop in stops):
            raise InputError("camera.exposure", f"stops={list(stops)}", "give one number of stops for each frame")
        self.stops = tuple(float(stop) for stop in stops)

    def scale(self, linear: LinearRGB, rng: np.random.Generator) -> float:
        """The factor to multiply `linear` (3, H, W) with, > 0 and finite."""
        medium = super().scale(linear, rng)
        return medium * 2.0 ** self.stops[rng.integers(len(self.stops))]
