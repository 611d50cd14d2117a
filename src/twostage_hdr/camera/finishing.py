"""What happens to encoded values between a camera's response curve and its 8 bits."""

import cv2
import numpy as np
import torch

from twostage_hdr.errors import InputError
from twostage_hdr.radiometry.quantities import EncodedRGB


class Resizing:
    """A detour over a smaller picture: detail that a file's size promises and the lens or a phone's zoom did not give.

    Args:
        least: smallest factor on the sides, in (0, 1].
        probability: share of the captures.
    """

    def __init__(self, *, least: float = 0.5, probability: float = 0.3) -> None:
        if not 0 < least <= 1 or not 0 <= probability <= 1:
            seen = f"least={least}, probability={probability}"
            raise InputError("camera.finishing", seen, "give a factor and a share")
        self.least, self.probability = least, probability

    def __call__(self, encoded: EncodedRGB, rng: np.random.Generator) -> EncodedRGB:
        """(3, H, W) in [0, 1] to the same size and range."""
        chance, place = rng.random(2)
        if chance >= self.probability:
            return encoded
        height, width = encoded.shape[-2:]
        factor = self.least + (1 - self.least) * place
        size = max(round(width * factor), 1), max(round(height * factor), 1)
        small = cv2.resize(_pixels(encoded), size, interpolation=cv2.INTER_AREA)
        return _tensor(cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR), encoded)


class Sharpening:
    """Unsharp masking: x + a (x - Gaussian(x)).

    Args:
        amount: greatest a.
        sigma: deviation of the Gaussian, px.
        probability: share of the captures.
    """

    def __init__(self, *, amount: float = 0.8, sigma: float = 1.0, probability: float = 0.5) -> None:
        if amount < 0 or sigma <= 0 or not 0 <= probability <= 1:
            raise InputError("camera.finishing", f"amount={amount}, sigma={sigma}, probability={probability}")
        self.amount, self.sigma, self.probability = amount, sigma, probability

    def __call__(self, encoded: EncodedRGB, rng: np.random.Generator) -> EncodedRGB:
        """(3, H, W) in [0, 1] to the same range."""
        chance, share = rng.random(2)
        if chance >= self.probability:
            return encoded
        pixels = _pixels(encoded)
        sharp = pixels + share * self.amount * (pixels - cv2.GaussianBlur(pixels, (0, 0), self.sigma))
        return _tensor(sharp, encoded).clamp(0, 1)


def _pixels(encoded: EncodedRGB) -> np.ndarray:
    return np.ascontiguousarray(encoded.permute(1, 2, 0).cpu().numpy(), dtype=np.float32)


def _tensor(pixels: np.ndarray, like: EncodedRGB) -> EncodedRGB:
    return torch.from_numpy(np.ascontiguousarray(pixels)).permute(2, 0, 1).to(like)
