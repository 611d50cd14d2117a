"""How much light reaches the sensor, and what is too much for it."""

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from twostage_hdr.radiometry.quantities import EncodedRGB, LinearRGB

CLIPPING_LEVEL = 248
"""8-bit value from which an LDR pixel counts as clipped: real HdM frames saturate there, not at 255 [ntire2021hdr]."""

CLIPPING_THRESHOLD = CLIPPING_LEVEL / 255
"""The same, encoded in [0, 1]."""

_ROUNDING = 1e-6  # a code value may come out this much below its exact quotient in float32

WELL_EXPOSED = (0.02, 0.9)
"""Linear values, 1.0 is where the frame clips, between which a pixel is neither noise nor close to clipping; both ends
excluded. Gains are measured there."""


def expose(linear: LinearRGB, stops: float) -> LinearRGB:
    """The same light with `stops` more exposure: linear * 2^stops."""
    return linear * 2.0**stops


def clipped_mask(ldr: EncodedRGB, threshold: float = CLIPPING_THRESHOLD) -> Bool[Tensor, "*batch 1 height width"]:
    """True where the largest channel of an LDR frame in [0, 1] reaches the threshold (encoded)."""
    return ldr.amax(-3, keepdim=True) >= threshold - _ROUNDING


def scale_to_clip(levels: Float[Tensor, "*batch"]) -> Float[Tensor, "*batch"]:
    """1 / levels, rounded so that the product with the levels, all > 0, is not below 1."""
    factor = 1 / levels
    return torch.where(levels * factor < 1, factor.nextafter(torch.full_like(factor, torch.inf)), factor)
