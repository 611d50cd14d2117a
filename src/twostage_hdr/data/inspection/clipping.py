"""How much of a frame is clipped."""

import numpy as np
from jaxtyping import UInt8

from twostage_hdr.data.store.usable import CLIPPED

ALL_CLIPPED = 0.95
"""Share from which on a frame shows next to nothing."""


def clipped_share(frame: UInt8[np.ndarray, "height width 3"]) -> float:
    """Share of the pixels whose brightest channel is clipped (248 of 255, see `usable.CLIPPED`)."""
    return float(np.mean(frame.max(axis=2) >= CLIPPED))
