"""The sRGB transfer function (IEC 61966-2-1): display-encoded <-> linear light."""

from typing import TypeAlias

from jaxtyping import Float
from torch import Tensor, where

Display: TypeAlias = Float[Tensor, "*shape"]
"""sRGB-encoded values, nominally [0, 1]."""
Light: TypeAlias = Float[Tensor, "*shape"]
"""Linear light, 1.0 is the display's white."""

_LINEAR_LIMIT = 0.0031308
_ENCODED_LIMIT = 0.04045
_SLOPE = 12.92
_OFFSET = 0.055
_EXPONENT = 2.4


def srgb_encode(linear: Light) -> Display:
    """Linear light to sRGB: 12.92 x up to 0.0031308, else 1.055 x^(1/2.4) - 0.055. Not clipped.

    Negative values take the straight part, so that the gradient is finite everywhere.
    """
    power = linear.clamp(min=_LINEAR_LIMIT) ** (1 / _EXPONENT)
    return where(linear <= _LINEAR_LIMIT, _SLOPE * linear, (1 + _OFFSET) * power - _OFFSET)


def srgb_decode(encoded: Display) -> Light:
    """Decode sRGB to linear light: x / 12.92 up to 0.04045, else ((x + 0.055) / 1.055)^2.4. Not clipped."""
    power = ((encoded.clamp(min=_ENCODED_LIMIT) + _OFFSET) / (1 + _OFFSET)) ** _EXPONENT
    return where(encoded <= _ENCODED_LIMIT, encoded / _SLOPE, power)
