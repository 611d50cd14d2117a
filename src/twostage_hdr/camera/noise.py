"""Noise of the sensor, on linear values."""

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
            raise InputError(
                "camera.noise",
                f"shot=({shot_low}, {shot_high}), read=({read_low}, {read_high})",
                "give ranges with 0 <= low <= high",
            )
        self.shot_low, self.shot_high = shot_low, shot_high
        self.read_low, self.read_high = read_low, read_high

    def __call__(self, linear: LinearRGB, rng: np.random.Generator) -> LinearRGB:
        """Add noise to (3, H, W); the result may be negative or above 1, which the sensor's range then clips."""
        shot = float(rng.uniform(self.shot_low, self.shot_high))
        read = float(rng.uniform(self.read_low, self.read_high))
        normal = torch.from_numpy(rng.standard_normal(tuple(linear.shape), dtype=np.float32))
        return linear + normal.to(linear) * (shot * linear.clamp(min=0) + read**2).sqrt()
