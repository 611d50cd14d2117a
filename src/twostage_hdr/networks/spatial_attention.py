"""Spatial attention: one gate per pixel on a convolution of the features [sharif2021twostage]."""

import torch
from jaxtyping import Float
from torch import Tensor, nn


class SpatialAttention(nn.Module):
    """S(x) = sigmoid(conv7x7([mean_c x, max_c x])) * conv3x3(x).

    ::

        x -+-> mean and max over channels -> conv7x7 (2 -> 1, no bias) -> sigmoid -+
           |                                                                       * -> S(x)
           +-> conv3x3 ------------------------------------------------------------+

    Args:
        features: channels of x.
    """

    def __init__(self, *, features: int = 64) -> None:
        super().__init__()
        self.gate = nn.Conv2d(2, 1, 7, padding=3, bias=False)
        self.conv = nn.Conv2d(features, features, 3, padding=1)

    def forward(self, x: Float[Tensor, "batch features height width"]) -> Float[Tensor, "batch features height width"]:
        """S(x), of the shape of x."""
        pooled = torch.cat((x.mean(1, keepdim=True), x.amax(1, keepdim=True)), 1)  # (B, 2, H, W)
        attention = torch.sigmoid(self.gate(pooled))  # (B, 1, H, W) in (0, 1)
        return attention * self.conv(x)  # (B, features, H, W)
