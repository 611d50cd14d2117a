"""The 8 bits of a file, and JPEG compression in memory."""

import io

import numpy as np
import torch
from PIL import Image

from twostage_hdr.errors import InputError
from twostage_hdr.radiometry.quantities import EncodedRGB

LEVELS = 255
"""Largest value of an 8-bit channel."""


def quantize_8bit(encoded: EncodedRGB) -> EncodedRGB:
    """The nearest k/255, k = 0..255; values outside [0, 1] go to its ends."""
    return (encoded.clamp(0, 1) * LEVELS).round() / LEVELS


class Jpeg:
    """Compress a part of the captures at a random quality, as most photographs are [eilertsen2017hdrcnn].

    Args:
        quality_low, quality_high: range of the quality, whole numbers in [1, 100], both ends drawn.
        probability: share of the captures that is compressed, in [0, 1].
        full_colour: share of these whose colour keeps its full resolution, in [0, 1].
    """

    def __init__(
        self, *, quality_low: int = 30, quality_high: int = 100, probability: float = 0.5, full_colour: float = 0.0
    ) -> None:
        if not (1 <= quality_low <= quality_high <= 100 and 0 <= probability <= 1 and 0 <= full_colour <= 1):
            seen = f"quality_low={quality_low}, quality_high={quality_high}, probability={probability}"
            cure = "give 1 <= low <= high <= 100 and shares in [0, 1]"
            raise InputError("camera.jpeg", f"{seen}, full_colour={full_colour}", cure)
        self.quality_low, self.quality_high = quality_low, quality_high
        self.probability, self.full_colour = probability, full_colour

    def __call__(self, ldr: EncodedRGB, rng: np.random.Generator) -> EncodedRGB:
        """Maybe compress and decode (3, H, W) values of k/255; what comes back is k/255 again."""
        compressed = rng.random() < self.probability
        quality = int(rng.integers(self.quality_low, self.quality_high, endpoint=True))
        full_colour = self.full_colour > 0 and rng.random() < self.full_colour
        return jpeg_round_trip(ldr, quality, full_colour=full_colour) if compressed else ldr


def jpeg_round_trip(ldr: EncodedRGB, quality: int, *, full_colour: bool = False) -> EncodedRGB:
    """Encode (3, H, W) values of k/255 at `quality` (1-100, colour at half resolution or full) and decode them."""
    pixels = (ldr * LEVELS).round().to(torch.uint8).permute(1, 2, 0).contiguous().cpu().numpy()
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, format="JPEG", quality=quality, subsampling=0 if full_colour else 2)
    buffer.seek(0)
    with Image.open(buffer) as image:
        decoded = np.array(image)
    return (torch.from_numpy(decoded).permute(2, 0, 1).float() / LEVELS).to(ldr.device)
