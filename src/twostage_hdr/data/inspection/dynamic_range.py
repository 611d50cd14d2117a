"""Checks of one scene's values: dynamic range, 8-bit content, clipping, order of the exposures."""

from collections.abc import Mapping
from itertools import pairwise

import numpy as np
from jaxtyping import UInt8

from twostage_hdr.radiometry.exposure import CLIPPING_LEVEL
from twostage_hdr.radiometry.photometry import REC709_LUMINANCE

DARK, BRIGHT = 0.1, 99.9
"""Percentiles of the luminance between which the range is measured, so that single pixels do not decide."""

HARDLY_HDR = 4.0
"""Stops below which an ordinary photograph would have held the scene."""


def range_in_stops(linear: np.ndarray) -> float:
    """log2 of the bright over the dark percentile of the positive luminance; 0 for a black image.

    Args:
        linear: HxWx3, >= 0.
    """
    luminance = linear @ np.array(REC709_LUMINANCE, dtype=np.float32)
    lit = luminance[luminance > 0]
    if lit.size == 0:
        return 0.0
    dark, bright = np.percentile(lit, (DARK, BRIGHT))
    return float(np.log2(bright / dark))


EIGHT_BIT_LEVELS = 256


def has_eight_bit_content(values: np.ndarray, *, least_pixels: int = 4096) -> bool:
    """Whether an image has no more than 256 different values, as a picture stretched from 8 bits has.

    Args:
        values: HxWx3, integers or floats.
        least_pixels: smaller images prove nothing.
    """
    if values.shape[0] * values.shape[1] < least_pixels:
        return False
    # A few rows already show too many levels in a genuine image, and sorting all of it would be slow.
    sample = values[:: max(1, values.shape[0] // 64)]
    if len(np.unique(sample)) > EIGHT_BIT_LEVELS:
        return False
    levels = len(np.unique(values))
    return 1 < levels <= EIGHT_BIT_LEVELS


ALL_CLIPPED = 0.95
"""Share from which on a frame shows next to nothing."""


def clipped_share(frame: UInt8[np.ndarray, "height width 3"]) -> float:
    """Share of the pixels whose brightest channel is clipped (`CLIPPING_LEVEL`)."""
    return float(np.mean(frame.max(axis=2) >= CLIPPING_LEVEL))


MARGIN = 0.5
"""Levels of 255 by which a longer exposure may be darker on the mean before it counts as swapped."""


def order_problem(frames: Mapping[str, np.ndarray], stops: Mapping[str, float]) -> str | None:
    """What is wrong with the exposures, in words; None if nothing is.

    Args:
        frames: 8-bit frames by name, from short to long.
        stops: exposure of each, relative to the medium one.
    """
    for one, other in pairwise(frames):
        if stops[other] <= stops[one]:
            return f"exposures.npy gives {other} no more light than {one}"
    for one, other in pairwise(frames):
        if np.array_equal(frames[one], frames[other]):
            return f"{one} and {other} are the same picture"
    for one, other in pairwise(frames):
        dark, bright = frames[one].mean(), frames[other].mean()
        if bright + MARGIN < dark:
            return f"{other} is darker than {one} (mean {bright:.0f} against {dark:.0f} of 255): swapped?"
    return None
