"""A photograph's samples as its file has them, before colour and orientation are dealt with."""

from typing import NamedTuple

import numpy as np

EXIF_ORIENTATION = 0x0112
"""The tag of EXIF and TIFF."""


class StoredImage(NamedTuple):
    """Samples (height, width, 1..4), uint8 or uint16 of full range, and what lies beside them."""

    samples: np.ndarray
    orientation: int
    """EXIF's, 1 to 8."""
    profile: bytes | None
    """ICC."""
