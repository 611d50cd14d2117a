"""Is the frame shifted against the reference?"""

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

    @property
    def length(self) -> float:
        """In px."""
        return float(np.hypot(self.right, self.down))


def find_shift(reference: np.ndarray, frame: np.ndarray) -> Shift:
    """Phase correlation of the middle of both pictures.

    Args:
        reference: HxWx3 in [0, 1], clipped as the frame is.
        frame: HxWx3 in [0, 1].
    """
    height, width = frame.shape[:2]
    top, left = max(0, height - _LONGEST_SIDE) // 2, max(0, width - _LONGEST_SIDE) // 2
    middle = (slice(top, top + _LONGEST_SIDE), slice(left, left + _LONGEST_SIDE))
    grey = [np.ascontiguousarray(image[middle].mean(axis=2), dtype=np.float32) for image in (reference, frame)]
    window = cv2.createHanningWindow(grey[0].shape[::-1], cv2.CV_32F)
    (right, down), clear = cv2.phaseCorrelate(grey[0], grey[1], window)
    return Shift(float(right), float(down), float(clear), _left_after(grey[0], grey[1], right, down))


def _left_after(reference: np.ndarray, frame: np.ndarray, right: float, down: float) -> float:
    height, width = frame.shape
    back = np.array([[1, 0, -right], [0, 1, -down]], dtype=np.float32)
    moved = cv2.warpAffine(frame, back, (width, height), flags=cv2.INTER_LINEAR)
    border = int(np.ceil(max(abs(right), abs(down)))) + 1
    inner = (slice(border, height - border), slice(border, width - border))
    if border * 2 >= min(height, width):
        return 1.0
    before = float(np.abs(frame[inner] - reference[inner]).mean())
    return float(np.abs(moved[inner] - reference[inner]).mean()) / max(before, 1e-6)


def is_shifted(shift: Shift) -> bool:
    """Whether the shift is clear and large enough to blur what is learnt."""
    return shift.clear >= CLEAR and shift.length > LARGEST_SHIFT and shift.left < GAIN
