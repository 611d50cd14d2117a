"""SingleHDR's loss: L1 of logarithms, VGG features, total variation [liu2020singlehdr]."""

from math import log
from pathlib import Path

import torch
from jaxtyping import Float
from torch import Tensor, nn

from twostage_hdr.losses.baselines.vgg19 import optional_vgg19_distance
from twostage_hdr.radiometry.gamma import decode_gamma
from twostage_hdr.radiometry.quantities import EncodedRGB, LinearRGB

COMPRESSION = 10.0
"""Compression of the logarithm, dimensionless."""


class SingleHDRLoss(nn.Module):
    """mean |c(p) - c(t)| + w_v VGG(c(p), c(t)) + w_t TV(c(p)), with c(x) = ln(1 + 10 x) / ln 11.

    TV is the mean absolute difference of neighbouring pixels, down and across. The features are VGG19's (the source
    takes three layers of VGG16).

    Args:
        perceptual_weight: w_v, 0.001 as published.
        variation_weight: w_t, 0.1 as published.
        vgg19_weights: torchvision's VGG19 file (`.pth`) or Keras's (`.h5`); without it the second term is left out,
            with a warning.
    """

    def __init__(
        self,
        *,
        perceptual_weight: float = 0.001,
        variation_weight: float = 0.1,
        vgg19_weights: str | Path | None = None,
    ) -> None:
        super().__init__()
        self.perceptual_weight, self.variation_weight = perceptual_weight, variation_weight
        self.perceptual = optional_vgg19_distance(vgg19_weights, loss="SingleHDR")

    def forward(self, prediction: LinearRGB, target: EncodedRGB) -> Float[Tensor, ""]:
        """Scalar >= 0.

        Args:
            prediction: Linear, 1.0 = LDR white, >= 0.
            target: Encoded reference.
        """
        compressed, compressed_target = _compress(prediction), _compress(decode_gamma(target))
        total = (compressed - compressed_target).abs().mean()
        total = total + self.variation_weight * total_variation(compressed)
        if self.perceptual is not None:
            total = total + self.perceptual_weight * self.perceptual(compressed, compressed_target)
        return total


def total_variation(image: Float[Tensor, "batch 3 height width"]) -> Float[Tensor, ""]:
    """Mean absolute difference of vertical neighbours plus that of horizontal ones; 0 where there are none."""
    down, across = image.diff(dim=-2).abs(), image.diff(dim=-1).abs()
    return down.sum() / max(down.numel(), 1) + across.sum() / max(across.numel(), 1)


def _compress(linear: Tensor) -> Tensor:
    return torch.log1p(COMPRESSION * linear) / log(1 + COMPRESSION)
