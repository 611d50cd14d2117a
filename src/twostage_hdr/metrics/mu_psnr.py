"""The challenge's mu-PSNR: PSNR of tone-mapped images [ntire2021hdr]."""

import torch

from twostage_hdr.metrics.per_image import EncodedBatch, PerImageMetric
from twostage_hdr.radiometry.mu_law import mu_law_tone_map, reference_scale
from twostage_hdr.radiometry.quantities import PerImage


def mu_psnr(prediction: EncodedBatch, reference: EncodedBatch) -> PerImage:
    """-10 log10 mean((T(r) - T(x))^2) in dB, T the mu-law curve scaled by the reference's 99th percentile.

    Negative predictions count as 0. Infinite for a perfect prediction.
    """
    scale = reference_scale(reference)
    difference = mu_law_tone_map(reference, scale) - mu_law_tone_map(prediction, scale)
    return -10 * torch.log10((difference**2).mean((1, 2, 3)))


class MuPSNR(PerImageMetric):
    """Mean of `mu_psnr` over images, dB."""

    higher_is_better = True
    title = "μ-PSNR"
    unit = "dB"
    score = staticmethod(mu_psnr)
