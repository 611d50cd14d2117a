"""The gain between two images of one scene, measured where neither noise nor clipping distorts them."""

from typing import NamedTuple

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from twostage_hdr.radiometry.exposure import WELL_EXPOSED
from twostage_hdr.radiometry.quantities import LinearRGB, RelativeLuminance


class MedianGain(NamedTuple):
    """A gain for each image, and the number of pixels it was measured on."""

    gain: Float[Tensor, "*batch"]
    """Dimensionless, > 0; NaN where no pixel could be measured."""
    pixels: Int[Tensor, "*batch"]


def well_exposed(linear: LinearRGB) -> Bool[Tensor, "*batch 1 height width"]:
    """True where all three channels, 1.0 = the clipping point, lie strictly inside `WELL_EXPOSED`."""
    low, high = WELL_EXPOSED
    return ((linear > low) & (linear < high)).all(dim=-3, keepdim=True)


@torch.no_grad()
def median_gain(
    reference: RelativeLuminance, prediction: RelativeLuminance, pixels: Bool[Tensor, "*batch 1 height width"]
) -> MedianGain:
    """g = exp(median(ln L_R - ln L_X)) of each image: g * prediction has the reference's exposure.

    Pixels in which one of the two is black have no ratio and are left out. The median of an even number of ratios is
    the mean of the middle two, as NumPy has it. What to do where nothing could be measured is the caller's decision.

    Args:
        reference: L_R, any scale.
        prediction: L_X, any scale, of the same shape and type.
        pixels: where to measure, usually `well_exposed` of the frame.
    """
    usable = (pixels & (reference > 0) & (prediction > 0)).flatten(-3)
    ratios = (reference.log() - prediction.log()).flatten(-3).masked_fill(~usable, torch.nan)
    low, high = ratios.nanmedian(-1).values, -(-ratios).nanmedian(-1).values
    return MedianGain((low + 0.5 * (high - low)).exp(), usable.sum(-1))
