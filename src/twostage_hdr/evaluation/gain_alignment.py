"""One gain per image, so that a method is judged by its picture and not by its exposure."""

from typing import Literal, NamedTuple

import torch
from jaxtyping import Bool
from torch import Tensor

from twostage_hdr.radiometry.exposure import WELL_EXPOSED
from twostage_hdr.radiometry.gamma import HDM_GAMMA, decode_gamma
from twostage_hdr.radiometry.luminance import luminance
from twostage_hdr.radiometry.quantile import quantile
from twostage_hdr.radiometry.quantities import EncodedRGB, LinearRGB


class GainAlignment(NamedTuple):
    """The gain that brings a result to its reference's exposure.

    `basis` says which pixels it was measured on: the well-exposed ones; every pixel in which both images have a
    positive luminance, where no pixel is well exposed; or none at all, and the gain is then 1.
    """

    gain: float
    basis: Literal["well-exposed", "all", "none"]
    pixels: int


def well_exposed(ldr: EncodedRGB) -> Bool[Tensor, "*batch 1 height width"]:
    """Pixels whose LDR channels, made linear, all lie in (0.02, 0.9).

    Args:
        ldr: the encoded LDR frame in [0, 1].
    """
    linear = decode_gamma(ldr)
    low, high = WELL_EXPOSED
    return ((linear > low) & (linear < high)).all(dim=-3, keepdim=True)


def measure_gain(ldr: EncodedRGB, reference: LinearRGB, prediction: LinearRGB) -> GainAlignment:
    """exp(median(ln L_R - ln L_X)) over the well-exposed pixels.

    Pixels in which one of the two is black have no ratio and are left out.

    Args:
        ldr: the encoded LDR frame, (3, H, W) in [0, 1].
        reference: R, relative linear RGB.
        prediction: X, relative linear RGB on any scale.
    """
    reference_luminance, predicted_luminance = luminance(reference), luminance(prediction)
    measurable = (reference_luminance > 0) & (predicted_luminance > 0)
    basis: Literal["well-exposed", "all"] = "well-exposed"
    chosen = measurable & well_exposed(ldr)
    if not chosen.any():
        chosen, basis = measurable, "all"
    if not chosen.any():
        return GainAlignment(1.0, "none", 0)
    ratios = reference_luminance[chosen].double().log() - predicted_luminance[chosen].double().log()
    return GainAlignment(float(quantile(ratios, 0.5).exp()), basis, len(ratios))


def align_gain(prediction: LinearRGB, alignment: GainAlignment, cap: float) -> LinearRGB:
    """The result times its gain, then cut at the reference's cap: above it the reference knows nothing.

    Args:
        prediction: relative linear RGB.
        alignment: from `measure_gain`.
        cap: the references' highest value, encoded (10 in the prepared data).
    """
    return torch.clamp(prediction * alignment.gain, max=cap**HDM_GAMMA)
