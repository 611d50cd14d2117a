"""Is a 16-bit or floating-point file just an 8-bit picture in a larger container?"""

import numpy as np

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
