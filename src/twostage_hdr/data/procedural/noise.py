"""Fractal noise, and a texture of it to look up at any coordinates."""

import math

import cv2
import numpy as np

from twostage_hdr.data.procedural.pinhole import Plane


def fractal_noise(height: int, width: int, rng: np.random.Generator, *, coarsest: float, gain: float = 0.5) -> Plane:
    """Noise of mean 0 and deviation 1 (height, width): octaves from `coarsest` pixels a cell down to one.

    Each octave has `gain` times the amplitude of the one before; 0.5 gives clouds, 0.8 gives grain.
    """
    levels = max(1, round(math.log2(max(2.0, coarsest))))
    field = np.zeros((1, 1), dtype=np.float32)
    for level in range(levels + 1):
        cell = 2 ** (levels - level)
        size = (math.ceil(height / cell) + 1, math.ceil(width / cell) + 1)
        field = cv2.resize(field, (size[1], size[0]), interpolation=cv2.INTER_CUBIC).astype(np.float32, copy=False)
        field = field + np.float32(gain**level) * rng.standard_normal(size, dtype=np.float32)
    field = field[:height, :width]
    return (field - field.mean()) / max(float(field.std()), 1e-6)


class Texture:
    """A square of fractal noise to look up at any coordinates; it is mirrored beyond its edges.

    Args:
        rng: draws the noise.
        coarsest: see `fractal_noise`.
        gain: see `fractal_noise`.
    """

    SIZE = 256
    """Side in texels."""

    def __init__(self, rng: np.random.Generator, *, coarsest: float, gain: float) -> None:
        self.texels = fractal_noise(self.SIZE, self.SIZE, rng, coarsest=coarsest, gain=gain)

    def __call__(self, u: Plane, v: Plane) -> Plane:
        """Bilinear samples at column u, row v, both in texels and of any size."""
        # Folded into the square: remap is slow outside, and its arithmetic ends at 2^15.
        size, half = np.float32(self.SIZE), np.float32(0.5)
        u, v = (size - half - np.abs(np.mod(places + half, 2 * size) - size) for places in (u, v))
        return cv2.remap(self.texels, u, v, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)
