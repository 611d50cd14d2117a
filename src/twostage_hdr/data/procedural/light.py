"""Colours of light sources, and the glow that a bright one leaves in a lens."""

import cv2
import numpy as np

from twostage_hdr.data.procedural.pinhole import Plane, colour

_TEMPERATURES = (1500.0, 2000.0, 2700.0, 3500.0, 4500.0, 5500.0, 6500.0, 8000.0, 10000.0, 15000.0)
_RED = (1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 0.80, 0.65, 0.52)
_GREEN = (0.15, 0.27, 0.42, 0.57, 0.73, 0.87, 0.97, 0.84, 0.74, 0.65)
_BLUE = (0.01, 0.02, 0.13, 0.29, 0.54, 0.80, 1.0, 1.0, 1.0, 1.0)
"""Black-body colours in linear Rec. 709, rounded, brightest channel 1."""


def black_body(kelvin: float) -> Plane:
    """The colour (3, 1, 1) of a black body at 1500 to 15000 K, brightest channel 1."""
    return colour(*(float(np.interp(kelvin, _TEMPERATURES, channel)) for channel in (_RED, _GREEN, _BLUE)))


def lens_glow(picture: Plane, *, share: float) -> Plane:
    """Scatter `share` of the light of (3, H, W) around where it came from, as every lens does.

    Three Gaussians of growing width at a quarter of the size stand in for the long-tailed glare of the eye and lens.
    """
    _, height, width = picture.shape
    pixels = np.ascontiguousarray(picture.transpose(1, 2, 0))
    small = cv2.resize(pixels, (max(1, width // 4), max(1, height // 4)), interpolation=cv2.INTER_AREA)
    glow: np.ndarray = np.zeros_like(small)
    for deviation, weight in ((0.008, 0.6), (0.03, 0.3), (0.1, 0.1)):
        width_in_px = max(0.5, deviation * max(height, width) / 4)
        glow += np.float32(weight) * cv2.GaussianBlur(small, (0, 0), width_in_px, borderType=cv2.BORDER_REPLICATE)
    scattered = cv2.resize(glow, (width, height), interpolation=cv2.INTER_LINEAR).transpose(2, 0, 1)
    return (picture * np.float32(1 - share) + np.float32(share) * scattered).astype(np.float32, copy=False)
