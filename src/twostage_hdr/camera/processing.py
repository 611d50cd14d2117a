"""What happens to linear light between a camera's sensor and its response curve."""

import cv2
import numpy as np
import torch

from twostage_hdr.errors import InputError
from twostage_hdr.radiometry.luminance import luminance
from twostage_hdr.radiometry.quantities import LinearRGB

SMALLEST_LIGHT = 1e-3
"""Relative linear light below which local tone mapping lifts no further."""


class ColourRendering:
    """A white balance that misses a little, and more or less saturated colours, as cameras render them.

    [eilertsen2017hdrcnn] draws hue and saturation with deviations of 7 degrees and 0.1.

    Args:
        balance: deviation of ln of the gains of R and B.
        saturation_mean, saturation_std: of the factor on the distance from grey.
    """

    def __init__(self, *, balance: float = 0.05, saturation_mean: float = 1.05, saturation_std: float = 0.1) -> None:
        if min(balance, saturation_mean, saturation_std) < 0:
            seen = f"balance={balance}, saturation={saturation_mean}±{saturation_std}"
            raise InputError("camera.processing", seen, "give numbers >= 0")
        self.balance, self.mean, self.std = balance, saturation_mean, saturation_std

    def __call__(self, linear: LinearRGB, rng: np.random.Generator) -> LinearRGB:
        """(3, H, W) in [0, 1] to the same range; where all channels are white they stay white."""
        red, blue = np.exp(rng.normal(0, self.balance, 2))
        saturation = max(float(rng.normal(self.mean, self.std)), 0.0)
        gains = torch.tensor([red, 1.0, blue]).to(linear).view(3, 1, 1)
        white = linear.amin(0, keepdim=True)  # what is white in all channels keeps no cast
        balanced = linear * (gains + (1 - gains) * white**4)
        grey = luminance(balanced)
        return (grey + saturation * (balanced - grey)).clamp(0, 1)


class BlackLevel:
    """A black that is lifted by flare, or shadows that are crushed.

    Args:
        flare: greatest light that is added, relative to white; our choice: a good lens's veiling glare.
        crushed: greatest light that becomes black.
        probability: share of the captures with either.
    """

    def __init__(self, *, flare: float = 0.01, crushed: float = 0.01, probability: float = 0.5) -> None:
        if not (0 <= flare < 1 and 0 <= crushed < 1 and 0 <= probability <= 1):
            seen = f"flare={flare}, crushed={crushed}, probability={probability}"
            raise InputError("camera.processing", seen, "give shares")
        self.flare, self.crushed, self.probability = flare, crushed, probability

    def __call__(self, linear: LinearRGB, rng: np.random.Generator) -> LinearRGB:
        """(3, H, W) in [0, 1] to the same range; 1 stays 1."""
        either, lifted, amount = rng.random(3)
        if either >= self.probability:
            return linear
        if lifted < 0.5:
            level = self.flare * amount**2
            return linear * (1 - level) + level
        level = self.crushed * amount**2
        return (linear - level).clamp(min=0) / (1 - level)


class LocalToneMapping:
    """Shadows lifted by what surrounds them, as phones do: x b^-k, b the light around a pixel.

    Args:
        strength: greatest k.
        radius: deviation of the Gaussian that says what surrounds a pixel, as a share of the longer side.
        probability: share of the captures that are mapped.
    """

    def __init__(self, *, strength: float = 0.25, radius: float = 0.04, probability: float = 0.2) -> None:
        if not (0 <= strength < 1 and radius > 0 and 0 <= probability <= 1):
            raise InputError("camera.processing", f"strength={strength}, radius={radius}, probability={probability}")
        self.strength, self.radius, self.probability = strength, radius, probability

    def __call__(self, linear: LinearRGB, rng: np.random.Generator) -> LinearRGB:
        """(3, H, W) in [0, 1] to the same range."""
        chance, strength = rng.random(2)
        if chance >= self.probability:
            return linear
        sigma = self.radius * max(linear.shape[-2:])
        log_light = luminance(linear).clamp(min=SMALLEST_LIGHT).log()[0].cpu().numpy()
        around = torch.from_numpy(cv2.GaussianBlur(log_light, (0, 0), sigma)).to(linear)
        return (linear * torch.exp(-strength * self.strength * around)).clamp(0, 1)
