"""Rounding to the 8 bits that a file holds."""

from twostage_hdr.radiometry.quantities import EncodedRGB

LEVELS = 255
"""Largest value of an 8-bit channel."""


def quantize_8bit(encoded: EncodedRGB) -> EncodedRGB:
    """The nearest k/255, k = 0..255; values outside [0, 1] go to its ends."""
    return (encoded.clamp(0, 1) * LEVELS).round() / LEVELS
