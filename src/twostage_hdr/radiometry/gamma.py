"""The gamma of the HdM data: encoded = linear^(1/2.24)."""

from twostage_hdr.radiometry.quantities import EncodedRGB, LinearRGB

HDM_GAMMA = 2.24
"""Exponent of the HdM data's encoding, dimensionless [ntire2021hdr]."""


def encode_gamma(linear: LinearRGB, gamma: float = HDM_GAMMA) -> EncodedRGB:
    """linear^(1/gamma). Negative values are read as 0, since they have no encoding."""
    return linear.clamp(min=0) ** (1 / gamma)


def decode_gamma(encoded: EncodedRGB, gamma: float = HDM_GAMMA) -> LinearRGB:
    """encoded^gamma. Negative values are read as 0."""
    return encoded.clamp(min=0) ** gamma
