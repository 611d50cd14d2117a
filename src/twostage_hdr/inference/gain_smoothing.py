"""A steady exposure for video: the network sees each frame alone, and its gain wavers from one to the next.

The gain of a frame is output / input, both linear, over the well-exposed pixels, where the network should only undo the
camera's response. Were it constant, the video would be exactly as steady as the camera's. So each frame is multiplied
by smoothed gain / own gain. Changes of the camera's own exposure stay, since they are in input and output alike.
"""

import math

import numpy as np
from jaxtyping import Float

from twostage_hdr.imaging.pixel_arrays import LdrPixels, LinearPixels
from twostage_hdr.radiometry.exposure import WELL_EXPOSED
from twostage_hdr.radiometry.gamma import HDM_GAMMA

SECONDS = 0.5
"""Time constant of the exponential mean of the gain's logarithm, s: flicker goes, a change of light passes."""
CUT = 0.1
"""Mean change of the encoded input (full scale 1) between two frames that starts a new scene: pans and flicker of a
lamp stay well below it."""
_SAMPLES = 128
"""Rows and columns, at most, that the gain and the change are measured on."""


def frame_gain(ldr: LdrPixels, linear: LinearPixels) -> float | None:
    """Median of output / input over the well-exposed pixels, dimensionless; None where there are none.

    Args:
        ldr: the frame, full range of its type.
        linear: the network's result for it.
    """
    encoded, result = _sampled(ldr), linear[_grid(ldr)]
    light = encoded ** np.float32(HDM_GAMMA)
    low, high = WELL_EXPOSED
    usable = ((light > low) & (light < high)).all(axis=-1) & (result > 0).all(axis=-1)
    if not usable.any():
        return None
    return float(np.exp(np.median(np.log(result[usable].mean(axis=-1) / light[usable].mean(axis=-1)))))


class GainSmoothing:
    """The factor by which each frame is multiplied, in the order of the frames.

    Args:
        rate: frames a second.
        seconds: time constant, s.
    """

    def __init__(self, *, rate: float, seconds: float = SECONDS) -> None:
        self._share = 1 - math.exp(-1 / (rate * seconds))  # of a new frame in the mean
        self._mean: float | None = None  # of ln gain
        self._before: Float[np.ndarray, "rows columns 3"] | None = None

    def factor(self, ldr: LdrPixels, linear: LinearPixels) -> float:
        """Smoothed gain / the frame's own gain; 1 for the first frame of a scene.

        Args:
            ldr: the frame, full range of its type.
            linear: the network's result for it.
        """
        now = _sampled(ldr)
        cut = self._before is None or float(np.abs(now - self._before).mean()) > CUT
        self._before = now
        if cut:
            self._mean = None
        gain = frame_gain(ldr, linear)
        if gain is None:
            return 1.0
        own = math.log(gain)
        self._mean = own if self._mean is None else self._mean + self._share * (own - self._mean)
        return math.exp(self._mean - own)


def _grid(ldr: LdrPixels) -> tuple[slice, slice]:
    rows, columns = (max(side // _SAMPLES, 1) for side in ldr.shape[:2])
    return slice(None, None, rows), slice(None, None, columns)


def _sampled(ldr: LdrPixels) -> Float[np.ndarray, "rows columns 3"]:
    """Encoded values in [0, 1] on a grid."""
    return ldr[_grid(ldr)].astype(np.float32) / np.float32(np.iinfo(ldr.dtype).max)
