"""PSNR in perceptually uniform units [mantiuk2021pu21]."""

from math import log10

import torch

from twostage_hdr.metrics.per_image import EncodedBatch, PerImageMetric
from twostage_hdr.radiometry.gamma import decode_gamma
from twostage_hdr.radiometry.photometry import PU21_PEAK, WHITE
from twostage_hdr.radiometry.pu21 import pu21_encode
from twostage_hdr.radiometry.quantities import PerImage


def pu21_psnr(prediction: EncodedBatch, reference: EncodedBatch, white: float = WHITE) -> PerImage:
    """20 log10(256) - 10 log10 mean((PU(R) - PU(X))^2) in dB, over pixels and the channels R, G, B in cd/m^2.

    Luminances are clamped to [0.005, 10000] cd/m^2. Infinite where the images are equal in that range.

    Args:
        prediction: encoded result.
        reference: encoded reference.
        white: luminance of encoded 1.0, cd/m^2.
    """
    difference = pu21_encode(white * decode_gamma(reference)) - pu21_encode(white * decode_gamma(prediction))
    return 20 * log10(PU21_PEAK) - 10 * torch.log10((difference**2).mean((1, 2, 3)))


class PU21PSNR(PerImageMetric):
    """Mean of `pu21_psnr` over images, dB."""

    higher_is_better = True
    title = "PU21-PSNR"
    unit = "dB"
    score = staticmethod(pu21_psnr)
