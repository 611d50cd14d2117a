"""How far a reconstruction misses the light: where the frame lost it, and where it did not."""

import math

import torch
from torch import Tensor

from twostage_hdr.evaluation.method_row import ALIGNED, MetricColumn
from twostage_hdr.radiometry.exposure import clipped_mask
from twostage_hdr.radiometry.gain import well_exposed
from twostage_hdr.radiometry.gamma import decode_gamma
from twostage_hdr.radiometry.luminance import luminance
from twostage_hdr.radiometry.photometry import WHITE
from twostage_hdr.radiometry.pu21 import PU21_RANGE
from twostage_hdr.radiometry.quantities import EncodedRGB, LinearRGB, RelativeLuminance

LUMINANCE_FLOOR = PU21_RANGE[0] / WHITE
"""Relative luminance below which no ratio is formed: where PU21 begins [mantiuk2021pu21]."""


STOPS_COLUMNS = (
    MetricColumn(
        key="stops_error_clipped", title="Clipped pixels", unit="stops", higher_is_better=False, scaling=ALIGNED
    ),
    MetricColumn(
        key="stops_error_well_exposed",
        title="Well-exposed pixels",
        unit="stops",
        higher_is_better=False,
        scaling=ALIGNED,
        digits=3,
    ),
)
"""The two errors as columns of a table."""


def stops_difference(
    prediction: LinearRGB, reference: LinearRGB, *, floor: float = LUMINANCE_FLOOR
) -> RelativeLuminance:
    """log2(L_X / L_R) per pixel, in stops: positive where the result is brighter than the reference.

    Args:
        prediction: X, relative linear RGB.
        reference: R, of the same shape.
        floor: relative luminance that darker pixels of both are lifted to.
    """
    bright = luminance(prediction).clamp(min=floor)
    return torch.log2(bright / luminance(reference).clamp(min=floor))


def stops_error_clipped(prediction: LinearRGB, reference: LinearRGB, ldr: EncodedRGB) -> float:
    """Mean |log2(L_X / L_R)| over the clipped pixels of the LDR frame, in stops.

    Args:
        prediction: X, relative linear RGB (3, H, W).
        reference: R, relative linear RGB.
        ldr: the encoded frame in [0, 1]; a pixel is clipped where its brightest channel reaches 248/255.

    Returns:
        The mean, or NaN for a frame in which nothing is clipped: there the question has no answer.
    """
    return _mean_error(prediction, reference, clipped_mask(ldr))


def stops_error_well_exposed(prediction: LinearRGB, reference: LinearRGB, ldr: EncodedRGB) -> float:
    """Mean |log2(L_X / L_R)| over the well-exposed pixels, in stops: how well a method keeps what the frame shows.

    Arguments as of `stops_error_clipped`; NaN for a frame without well-exposed pixels, see `well_exposed`.
    """
    return _mean_error(prediction, reference, well_exposed(decode_gamma(ldr)))


def _mean_error(prediction: LinearRGB, reference: LinearRGB, mask: Tensor) -> float:
    chosen = mask.reshape(-1)
    if not chosen.any():
        return math.nan
    return float(stops_difference(prediction, reference).reshape(-1)[chosen].abs().double().mean())
