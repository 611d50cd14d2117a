"""Noise of the sensor, on linear values."""

import cv2
import numpy as np
import torch

from twostage_hdr.errors import InputError
from twostage_hdr.radiometry.quantities import LinearRGB


class SensorNoise:
    """Gaussian noise of variance shot * x + read^2: photons arrive at random, and reading them out adds its own.

    [eilertsen2017hdrcnn] draws one deviation from 0 to .01 for the whole image. Its bound is kept at white
    (sqrt(shot) = .01); the constant part is smaller, as .01 of the white is an eighth of the encoded range at black.
    Set shot_high=0, read_high=.01 for the source's model.

    Args:
        shot_low, shot_high: range of the variance per unit of linear signal (1.0 clips), drawn per capture.
        read_low, read_high: range of the deviation in the dark, linear, drawn per capture.
    """

    def __init__(
        self, *, shot_low: float = 0.0, shot_high: float = 1e-4, read_low: float = 0.0, read_high: float = 0.001
    ) -> None:
        if not (0 <= shot_low <= shot_high and 0 <= read_low <= read_high):
            seen = f"shot=({shot_low}, {shot_high}), read=({read_low}, {read_high})"
            raise InputError("camera.noise", seen, "give ranges with 0 <= low <= high")
        self.shot_low, self.shot_high = shot_low, shot_high
        self.read_low, self.read_high = read_low, read_high

    def __call__(self, linear: LinearRGB, rng: np.random.Generator) -> LinearRGB:
        """Add noise to (3, H, W); the result may be negative or above 1, which the sensor's range then clips."""
        shot = float(rng.uniform(self.shot_low, self.shot_high))
        read = float(rng.uniform(self.read_low, self.read_high))
        normal = torch.from_numpy(rng.standard_normal(tuple(linear.shape), dtype=np.float32))
        return linear + normal.to(linear) * (shot * linear.clamp(min=0) + read**2).sqrt()


class WideNoise:
    """Gaussian noise of variance shot * x + read^2 in each channel, and coarser noise of colour beside it.

    Both are drawn log-uniformly: sensors and sensitivities lie decades apart [foi2008noise].

    Args:
        shot_low, shot_high: variance per unit of linear signal (1.0 clips).
        read_low, read_high: deviation in the dark, linear.
        chroma: greatest deviation of the colour noise, as a multiple of the grey one's; it is 2 px wide.
    """

    def __init__(
        self,
        *,
        shot_low: float = 2e-6,
        shot_high: float = 2e-4,
        read_low: float = 2e-5,
        read_high: float = 2e-3,
        chroma: float = 1.0,
    ) -> None:
        if not (0 < shot_low <= shot_high and 0 < read_low <= read_high and chroma >= 0):
            seen = f"shot=({shot_low}, {shot_high}), read=({read_low}, {read_high}), chroma={chroma}"
            raise InputError("camera.noise", seen, "give ranges with 0 < low <= high")
        self.shot, self.read, self.chroma = (shot_low, shot_high), (read_low, read_high), chroma

    def __call__(self, linear: LinearRGB, rng: np.random.Generator) -> LinearRGB:
        """Add noise to (3, H, W); the result may be negative or above 1, which the sensor's range then clips."""
        shot, read = (float(np.exp(rng.uniform(*np.log(bounds)))) for bounds in (self.shot, self.read))
        deviation = (shot * linear.clamp(min=0) + read**2).sqrt()
        normal = rng.standard_normal(tuple(linear.shape), dtype=np.float32)
        coarse = rng.standard_normal(tuple(linear.shape), dtype=np.float32)
        coarse = 3.5 * cv2.GaussianBlur(coarse.transpose(1, 2, 0), (0, 0), 1.0)  # about the deviation of its source
        coarse = (coarse - coarse.mean(2, keepdims=True)).transpose(2, 0, 1) * np.float32(rng.uniform(0, self.chroma))
        return linear + torch.from_numpy(np.ascontiguousarray(normal + coarse)).to(linear) * deviation
