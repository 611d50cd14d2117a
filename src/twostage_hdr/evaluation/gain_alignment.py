"""One gain per image, so that a method is judged by its picture and not by its exposure."""

from typing import NamedTuple

import torch

from twostage_hdr.radiometry.gain import median_gain, well_exposed
from twostage_hdr.radiometry.gamma import HDM_GAMMA, decode_gamma
from twostage_hdr.radiometry.luminance import luminance
from twostage_hdr.radiometry.photometry import REFERENCE_CAP
from twostage_hdr.radiometry.quantities import EncodedRGB, LinearRGB


class GainAlignment(NamedTuple):
    """The gain that brings a result to its reference's exposure, and on how many well-exposed pixels it was measured.

    Where there are none, it was measured on every pixel in which both images have a positive luminance; it is 1 where
    there are none of these either.
    """

    gain: float
    well_exposed: int


def measure_gain(ldr: EncodedRGB, reference: LinearRGB, prediction: LinearRGB) -> GainAlignment:
    """exp(median(ln L_R - ln L_X)) over the well-exposed pixels, see `median_gain`.

    Args:
        ldr: the encoded LDR frame, (3, H, W) in [0, 1].
        reference: R, relative linear RGB.
        prediction: X, relative linear RGB on any scale.
    """
    luminances = luminance(reference).double(), luminance(prediction).double()
    chosen = well_exposed(decode_gamma(ldr))
    gain, pixels = median_gain(*luminances, chosen)
    if not pixels:
        gain, others = median_gain(*luminances, torch.ones_like(chosen))
        gain = gain if others else torch.ones(())
    return GainAlignment(float(gain), int(pixels))


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


def aligned(prediction: LinearRGB, frame: EncodedRGB, reference: LinearRGB, cap: float = REFERENCE_CAP) -> LinearRGB:
    """A result at its reference's exposure, from 0 to the references' cap."""
    prediction = prediction.clamp(min=0)
    return align_gain(prediction, measure_gain(frame, reference, prediction), cap)
