"""The mu-law: the challenge's tone curve for looking at linear values [ntire2021hdr]."""

from math import log

import torch
from jaxtyping import Float
from torch import Tensor

from twostage_hdr.radiometry.gamma import decode_gamma
from twostage_hdr.radiometry.quantile import quantile
from twostage_hdr.radiometry.quantities import EncodedRGB

MU = 5000.0
"""Compression, dimensionless [ntire2021hdr]."""

REFERENCE_PERCENTILE = 0.99
"""The quantile of the linear reference (all pixels and channels) that the tone curve is scaled by [ntire2021hdr]."""

SMALLEST_SCALE = 1e-12
"""Least scale, relative linear: an image that is black in 99 % of its values keeps a tone curve (0 -> 0, rest -> 1)."""

Scale = Float[Tensor, "*batch 1 1 1"]
"""One relative linear value per image, > 0, that broadcasts against (*batch, 3, H, W)."""


def mu_law(x: Float[Tensor, "*shape"], mu: float = MU) -> Float[Tensor, "*shape"]:
    """ln(1 + mu x) / ln(1 + mu): [0, 1] -> [0, 1], steep in the dark. x: relative linear, >= 0."""
    return torch.log1p(mu * x) / log(1 + mu)


def reference_scale(reference: EncodedRGB) -> Scale:
    """The 99th percentile of each image's linear values, as (*batch, 1, 1, 1): the n of `mu_law_tone_map`."""
    linear = decode_gamma(reference).flatten(-3)
    return quantile(linear, REFERENCE_PERCENTILE).clamp(min=SMALLEST_SCALE)[..., None, None, None]


def mu_law_tone_map(encoded: EncodedRGB, scale: Scale) -> EncodedRGB:
    """T(z) = ln(1 + 5000 tanh(z / n)) / ln 5001 of the linear values z [ntire2021hdr].

    Args:
        encoded: HDR values in the 2.24 encoding; negative ones are read as 0.
        scale: n, relative linear; of the *reference*, for both images of a comparison (`reference_scale`).

    Returns:
        Values in [0, 1], to be looked at as sRGB.
    """
    return mu_law(torch.tanh(decode_gamma(encoded) / scale))
