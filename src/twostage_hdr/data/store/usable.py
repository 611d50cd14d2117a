"""How much of a patch says anything: neither black nor clipped."""

import numpy as np
from jaxtyping import UInt8

BLACK = 8
"""Brightest channel, of 255, up to which a pixel counts as black: sensor noise and little else."""

CLIPPED = 248
"""Brightest channel from which on a pixel counts as clipped: real HdM frames saturate at 248 [ntire2021hdr]."""

ENOUGH = 0.1
"""Share of usable pixels, mean over the exposures, from which on a patch counts as informative."""


def usable_share(ldr: UInt8[np.ndarray, "exposures height width 3"]) -> float:
    """Share of the pixels, over all exposures, that are neither black nor clipped."""
    brightest = ldr.max(axis=-1)
    return float(np.mean((brightest > BLACK) & (brightest < CLIPPED)))
