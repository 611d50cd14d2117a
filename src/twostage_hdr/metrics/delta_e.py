"""Mean CIEDE2000 colour difference [sharma2005ciede2000]."""

from twostage_hdr.metrics.per_image import EncodedBatch, PerImageMetric
from twostage_hdr.radiometry.ciede2000 import ciede2000, encoded_to_lab
from twostage_hdr.radiometry.mu_law import mu_law_tone_map, reference_scale
from twostage_hdr.radiometry.quantities import PerImage


def encoded_delta_e(prediction: EncodedBatch, reference: EncodedBatch) -> PerImage:
    """Mean CIEDE2000 over pixels of encoded values read as sRGB: the measure of stage I's output in [0, 1]."""
    return ciede2000(encoded_to_lab(prediction), encoded_to_lab(reference)).mean((1, 2, 3))


def delta_e(prediction: EncodedBatch, reference: EncodedBatch) -> PerImage:
    """Mean CIEDE2000 over pixels between the mu-law images T(r) and T(x) read as sRGB: the measure of HDR output."""
    scale = reference_scale(reference)
    return encoded_delta_e(mu_law_tone_map(prediction, scale), mu_law_tone_map(reference, scale))


class DeltaE(PerImageMetric):
    """Mean of `delta_e` over images."""

    higher_is_better = False
    title = "ΔE00 (μ-law)"
    score = staticmethod(delta_e)


class EncodedDeltaE(PerImageMetric):
    """Mean of `encoded_delta_e` over images."""

    higher_is_better = False
    title = "ΔE00 (encoded)"
    score = staticmethod(encoded_delta_e)
