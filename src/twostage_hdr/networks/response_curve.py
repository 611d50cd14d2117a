"""An inverse camera response of four numbers: smooth, monotone, 0 at black and 1 at white.

Gamma curves, sRGB, the inverse of the one-parameter sigmoid that measured cameras follow [eilertsen2017hdrcnn] and S
curves are members, exactly or to the rounding of their published constants.
"""

from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from twostage_hdr.radiometry.gamma import HDM_GAMMA
from twostage_hdr.radiometry.quantities import EncodedRGB, LinearRGB

EXPONENT_SPAN, KNEE_SPAN, CONTRAST_SPAN = 1.1, 1.6, 0.8
"""Bounds of ln(exponent / 2.24), ln(1 + knee) and contrast: exponents 0.75 to 6.7, knees -0.8 to 4."""
LONGEST_TOE = 0.1
"""Encoded value up to which a curve may be a straight line."""
SMALLEST = 1e-8
"""Value below which a power has no finite slope; light there is 1e-8 at most."""

NUMBERS = 4
"""That describe a curve."""


class ResponseCurve(NamedTuple):
    """H(y) = power(knee(contrast(y))): the light of an encoded value y; all of shape (B,).

    ::

        contrast(y) = y + c y (1 - y) (1 - 2 y)                 an S, c in (-1, 2)
        knee(t)     = t / (1 + k (1 - t))                       a shoulder, k > -1; a sigmoid has k = 1 / s, p = 1 / n
        power(u)    = ((u + a) / (1 + a))^p, a = toe (p - 1)    above the toe; below it the tangent through the origin

    sRGB is p = 2.4, toe = 0.055 / 1.4, k = c = 0; gamma g is p = g, all others 0.
    """

    exponent: Float[Tensor, " batch"]
    toe: Float[Tensor, " batch"]
    knee: Float[Tensor, " batch"]
    contrast: Float[Tensor, " batch"]

    def linear(self, encoded: EncodedRGB) -> LinearRGB:
        """Relative light in [0, 1] of encoded values in [0, 1], (B, 3, H, W)."""
        p, toe, knee, contrast = (value[:, None, None, None] for value in self)
        y = encoded.clamp(0, 1)
        t = y + contrast * y * (1 - y) * (1 - 2 * y)
        u = t / (1 + knee * (1 - t))
        offset = toe * (p - 1).clamp(min=0)
        power = ((torch.maximum(u, toe) + offset) / (1 + offset)).clamp(min=SMALLEST) ** p
        # Where there is no toe the first term is 1: u / max(u, 0).
        return u / torch.maximum(u, toe).clamp(min=SMALLEST) * power

    def encoded(self, encoded: EncodedRGB) -> EncodedRGB:
        """The same values as gamma 2.24 encodes their light."""
        return self.linear(encoded).clamp(min=SMALLEST**HDM_GAMMA) ** (1 / HDM_GAMMA)


def curve_of(numbers: Float[Tensor, "batch 4"]) -> ResponseCurve:
    """The curve of four free numbers; of zeros: gamma 2.24 with a toe of 0.002."""
    exponent, toe, knee, contrast = numbers.unbind(1)
    return ResponseCurve(
        exponent=HDM_GAMMA * torch.exp(_bounded(exponent, EXPONENT_SPAN)),
        toe=LONGEST_TOE * torch.sigmoid(toe - 4),
        knee=torch.expm1(_bounded(knee, KNEE_SPAN)),
        contrast=_bounded(contrast, CONTRAST_SPAN),
    )


def gamma_curve(gamma: float, *, device: torch.device | None = None) -> ResponseCurve:
    """A known gamma, for a batch of one (it broadcasts)."""
    zero = torch.zeros(1, device=device)
    return ResponseCurve(exponent=zero + gamma, toe=zero, knee=zero, contrast=zero)


def srgb_curve(*, device: torch.device | None = None) -> ResponseCurve:
    """sRGB to the rounding of its published constants, for a batch of one (it broadcasts)."""
    zero = torch.zeros(1, device=device)
    return ResponseCurve(exponent=zero + 2.4, toe=zero + 0.055 / 1.4, knee=zero, contrast=zero)


def _bounded(value: Tensor, span: float) -> Tensor:
    """Nearly the value itself where it is small, never beyond the span."""
    return span * torch.tanh(value / span)
