"""Dynamic range of a scene."""

import numpy as np

DARK, BRIGHT = 0.1, 99.9
"""Percentiles of the luminance between which the range is measured, so that single pixels do not decide."""

HARDLY_HDR = 4.0
"""Stops below which an ordinary photograph would have held the scene."""

_REC709 = np.array([0.2126, 0.7152, 0.0722], dtype=np.float32)


def range_in_stops(linear: np.ndarray) -> float:
    """log2 of the bright over the dark percentile of the positive luminance; 0 for a black image.

    Args:
        linear: HxWx3, >= 0.
    """
    luminance = linear @ _REC709
    lit = luminance[luminance > 0]
    if lit.size == 0:
        return 0.0
    dark, bright = np.percentile(lit, (DARK, BRIGHT))
    return float(np.log2(bright / dark))
