"""One gain per image, so that a method is judged by its picture and not by its exposure."""

from typing import NamedTuple

import torch

from twostage_hdr.radiometry.gain import median_gain, well_exposed
from twostage_hdr.radiometry.gamma import HDM_GAMMA, decode_gamma
from twostage_hdr.radiometry.luminance import luminance
from twostage_hdr.radiometry.quantities import EncodedRGB, LinearRGB


class GainAlignment(NamedTuple):
    """The gain that brings a result to its reference's exposure.

    `basis` says which pixels it was measured on: the well-exposed ones; every pixel in which both images have a
    positive luminance, where no pixel is well exposed; or none at all, and the gain is then 1.
    """

    gain: float
    basis: str
    pixels: int


def measure_gain(ldr: EncodedRGB, reference: LinearRGB, prediction: LinearRGB) -> GainAlignment:
    """exp(median(ln L_R - ln L_X)) over the well-exposed pixels, see `median_gain`.

    Args:
        ldr: the encoded LDR frame, (3, H, W) in [0, 1].
        reference: R, relative linear RGB.
        prediction: X, relative linear RGB on any scale.
    """
    luminances = luminance(reference).double(), luminance(prediction).double()
    chosen = well_exposed(decode_gamma(ldr))
    for basis, pixels in (("well-exposed", chosen), ("all", torch.ones_like(chosen))):
        gain, count = median_gain(*luminances, pixels)
        if count:
            return GainAlignment(float(gain), basis, int(count))
    return GainAlignment(1.0, "none", 0)


def align_gain(prediction: LinearRGB, alignment: GainAlignment, cap: float) -> LinearRGB:
    """The result times its gain, then cut at the reference's cap: above it the reference knows nothing.

    Args:
        prediction: relative linear RGB.
        alignment: from `measure_gain`.
        cap: the references' highest value, encoded (10 in the prepared data).
    """
    return cut_at(prediction * alignment.gain, cap)


def cut_at(linear: LinearRGB, cap: float) -> LinearRGB:
    """Relative linear RGB, at most `cap` (encoded)."""
    return linear.clamp(max=cap**HDM_GAMMA)
