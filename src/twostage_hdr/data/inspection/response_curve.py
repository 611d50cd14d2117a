"""Does the frame follow from the reference? In HdM both are encoded with gamma 2.24, so one is the other, clipped."""

from typing import NamedTuple

import numpy as np

SHADOW, LIGHT = 20 / 255, 235 / 255
"""Frame values between which the curve is checked: above noise and rounding, below clipping."""

LEAST_SHARE = 0.01
"""Share of such pixels below which nothing is concluded."""

SLOPES = (0.7, 1.4)
"""Slope of log frame over log reference that real medium frames keep (0.99 and 1.01 in two HdM samples). A linear
reference gives 1/2.24 = 0.45."""

RATIOS = (0.7, 1.4)
"""Median of frame over reference, encoded (0.999 in the samples): beyond it lies more than a stop."""

LEAST_CORRELATION = 0.7
"""Of the logarithms (0.94 and 0.99 in the samples)."""

LEAST_SPREAD = 0.1
"""Standard deviation of the log reference below which a slope is noise."""


class ResponseFit(NamedTuple):
    """log frame = slope * log reference + constant, over well-exposed samples."""

    slope: float
    ratio: float
    correlation: float


def fit_response(reference: np.ndarray, frame: np.ndarray) -> ResponseFit | None:
    """Fits the curve; None if too few pixels are well exposed or the picture is too flat.

    Args:
        reference: encoded values on the frame's own scale, any shape.
        frame: the frame in [0, 1], same shape.
    """
    good = (frame > SHADOW) & (frame < LIGHT) & (reference > 0)
    if good.mean() < LEAST_SHARE:
        return None
    x, y = np.log(reference[good]), np.log(frame[good])
    if min(x.std(), y.std()) < LEAST_SPREAD:
        return None
    slope = float(np.polyfit(x, y, 1)[0])
    return ResponseFit(slope, float(np.median(frame[good] / reference[good])), float(np.corrcoef(x, y)[0, 1]))


def response_problem(fit: ResponseFit) -> str | None:
    """What is wrong with a medium frame's curve, in words; None if nothing is."""
    if fit.correlation < LEAST_CORRELATION:
        return f"frame and reference do not belong together (correlation {fit.correlation:.2f})"
    if not SLOPES[0] <= fit.slope <= SLOPES[1]:
        return f"frame and reference have different curves (log slope {fit.slope:.2f} instead of 1)"
    if not RATIOS[0] <= fit.ratio <= RATIOS[1]:
        return f"frame and reference have different exposures (frame / reference {fit.ratio:.2f} instead of 1)"
    return None
