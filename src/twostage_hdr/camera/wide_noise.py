"""Noise of sensors from a large one in daylight to a small one at night."""

import cv2
import numpy as np
import torch

from twostage_hdr.errors import InputError
from twostage_hdr.radiometry.quantities import LinearRGB


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
            raise InputError(
                "camera.noise",
                f"shot=({shot_low}, {shot_high}), read=({read_low}, {read_high}), chroma={chroma}",
                "give ranges with 0 < low <= high",
            )
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
