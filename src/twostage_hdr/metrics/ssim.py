"""Structural similarity [wang2004ssim]."""

import kornia.metrics
from jaxtyping import Float
from torch import Tensor

from twostage_hdr.metrics.per_image import EncodedBatch, PerImageMetric
from twostage_hdr.radiometry.mu_law import mu_law_tone_map, reference_scale
from twostage_hdr.radiometry.quantities import PerImage

WINDOW = 11
"""Taps per side of the Gaussian window (sigma 1.5 px) [wang2004ssim]."""


def windowed_ssim(
    prediction: Float[Tensor, "batch channels height width"],
    reference: Float[Tensor, "batch channels height width"],
    *,
    peak: float,
) -> PerImage:
    """Mean SSIM over windows and channels, data range `peak`.

    Only whole windows count, as in the original definition: a border of 5 px has none of its own. The window shrinks
    to the image when a side is below 11 px: the largest odd number of taps that fits, down to 1 (then only the means
    are compared). 1 for equal images.
    """
    side = min(WINDOW, *reference.shape[-2:])
    window = side if side % 2 else side - 1
    return kornia.metrics.ssim(prediction, reference, window, max_val=peak, eps=0.0, padding="valid").mean((1, 2, 3))


def encoded_ssim(prediction: EncodedBatch, reference: EncodedBatch) -> PerImage:
    """`windowed_ssim` of encoded R, G, B as they are, data range 1: the measure of stage I's output in [0, 1]."""
    return windowed_ssim(prediction, reference, peak=1.0)


def ssim(prediction: EncodedBatch, reference: EncodedBatch) -> PerImage:
    """`encoded_ssim` between the mu-law images T(r) and T(x), the measure of HDR output."""
    scale = reference_scale(reference)
    return encoded_ssim(mu_law_tone_map(prediction, scale), mu_law_tone_map(reference, scale))


class SSIM(PerImageMetric):
    """Mean of `ssim` over images."""

    higher_is_better = True
    title = "SSIM (μ-law)"
    digits = 4
    score = staticmethod(ssim)


class EncodedSSIM(PerImageMetric):
    """Mean of `encoded_ssim` over images."""

    higher_is_better = True
    title = "SSIM (encoded)"
    digits = 4
    score = staticmethod(encoded_ssim)
