"""The challenge's PSNR, in the encoded domain [ntire2021hdr]."""

import torch

from twostage_hdr.metrics.per_image import EncodedBatch, PerImageMetric
from twostage_hdr.radiometry.quantities import PerImage


def psnr(prediction: EncodedBatch, reference: EncodedBatch) -> PerImage:
    """-10 log10 mean((R / max R - X / max R)^2) in dB; nothing is clipped.

    Infinite for a perfect prediction. Undefined (NaN) for a wholly black reference, which has no peak.
    """
    peak = reference.amax((1, 2, 3), keepdim=True)
    return -10 * torch.log10(((reference / peak - prediction / peak) ** 2).mean((1, 2, 3)))


class PSNR(PerImageMetric):
    """Mean of `psnr` over images, dB."""

    higher_is_better = True
    title = "PSNR"
    unit = "dB"
    score = staticmethod(psnr)
