"""Does the frame follow from its reference: in place, and by its curve?

In HdM both are encoded with gamma 2.24, so one is the other, clipped.
"""

from typing import NamedTuple

import cv2
import numpy as np

LARGEST_SHIFT = 1.5
"""px; medium frames and references of two real HdM samples agree within 0.11 px."""

CLEAR = 0.15
"""Peak of the phase correlation from which on a shift is believed (0.41 and 0.55 in the samples)."""

_LONGEST_SIDE = 1024

GAIN = 0.8
"""Undoing a true shift brings the difference of the pictures below this share of what it was; in a soft picture the
peak of the correlation wanders by more than `LARGEST_SHIFT` without any."""


class Shift(NamedTuple):
    """Displacement in px, how clear it is, in [0, 1], and how much of the difference is left when it is undone."""

    right: float
    down: float
    clear: float
    left: float


def find_shift(reference: np.ndarray, frame: np.ndarray) -> Shift:
    """Phase correlation of the middle of both pictures.

    Args:
        reference: HxWx3 in [0, 1], clipped as the frame is.
        frame: HxWx3 in [0, 1].
    """
    height, width = frame.shape[:2]
    top, left = max(0, height - _LONGEST_SIDE) // 2, max(0, width - _LONGEST_SIDE) // 2
    middle = (slice(top, top + _LONGEST_SIDE), slice(left, left + _LONGEST_SIDE))
    still, grey = (np.ascontiguousarray(image[middle].mean(axis=2), dtype=np.float32) for image in (reference, frame))
    size = (grey.shape[1], grey.shape[0])
    (right, down), clear = cv2.phaseCorrelate(still, grey, cv2.createHanningWindow(size, cv2.CV_32F))
    back = np.array([[1, 0, -right], [0, 1, -down]], dtype=np.float32)
    moved = cv2.warpAffine(grey, back, size, flags=cv2.INTER_LINEAR)
    border = int(np.ceil(max(abs(right), abs(down)))) + 1
    if border * 2 >= min(size):
        return Shift(right, down, clear, 1.0)
    inner = (slice(border, -border), slice(border, -border))
    before, after = (float(np.abs(image[inner] - still[inner]).mean()) for image in (grey, moved))
    return Shift(right, down, clear, after / max(before, 1e-6))


def is_shifted(shift: Shift) -> bool:
    """Whether the shift is clear and large enough to blur what is learnt."""
    return bool(shift.clear >= CLEAR and np.hypot(shift.right, shift.down) > LARGEST_SHIFT and shift.left < GAIN)


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
