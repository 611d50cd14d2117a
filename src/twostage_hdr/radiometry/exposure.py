"""How much light reaches the sensor, and what is too much for it."""

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from twostage_hdr.errors import InputError
from twostage_hdr.radiometry.quantile import order_statistic
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


def scale_for_clipped_share(linear: LinearRGB, share: float) -> Float[Tensor, "*batch"]:
    """The factor per image that brings the brightest `share` of its pixels to 1.0 or above, in their largest channel.

    Pixels are counted (round(share * pixels)); pixels equal to the dimmest of these are clipped with them. With a
    count of 0 the brightest pixel stays just below 1. Not differentiable.

    Args:
        linear: (..., 3, H, W), any scale.
        share: share of clipped pixels, 0 to 1.

    Raises:
        InputError: if share is not a share, or so many pixels are black that no exposure clips enough.
    """
    if not 0 <= share <= 1:
        raise InputError(f"share of clipped pixels = {share}", "give a number from 0 (none) to 1 (all)")
    brightness = linear.detach().amax(-3).flatten(-2)
    pixels = brightness.shape[-1]
    count = round(share * pixels)
    dimmest = order_statistic(brightness, pixels - max(count, 1) + 1)
    # Below the smallest normal number the factor itself would overflow.
    if not (dimmest > torch.finfo(dimmest.dtype).tiny).all():
        raise InputError(
            f"share of clipped pixels = {share}",
            f"the image has fewer than {max(count, 1)} pixels of {pixels} that are not black",
            "ask for a smaller share or leave the image out",
        )
    return _just_below_one(dimmest) if count == 0 else scale_to_clip(dimmest)


def clipped_mask(ldr: EncodedRGB, threshold: float = CLIPPING_THRESHOLD) -> Bool[Tensor, "*batch 1 height width"]:
    """True where the largest channel of an LDR frame in [0, 1] reaches the threshold (encoded)."""
    return ldr.amax(-3, keepdim=True) >= threshold - _ROUNDING


def scale_to_clip(levels: Float[Tensor, "*batch"]) -> Float[Tensor, "*batch"]:
    """1 / levels, rounded so that the product with the levels, all > 0, is not below 1."""
    factor = 1 / levels
    return torch.where(levels * factor < 1, _next(factor, up=True), factor)


def _just_below_one(values: Float[Tensor, "*batch"]) -> Float[Tensor, "*batch"]:
    factor = _next(1 / values, up=False)
    return torch.where(values * factor >= 1, _next(factor, up=False), factor)


def _next(values: Float[Tensor, "*batch"], *, up: bool) -> Float[Tensor, "*batch"]:
    return torch.nextafter(values, torch.full_like(values, torch.inf if up else -torch.inf))
