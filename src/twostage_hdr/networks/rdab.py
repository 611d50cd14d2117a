"""The residual dense attention block, the building block of both stages [sharif2021twostage]."""

from typing import ClassVar

import torch
from jaxtyping import Float
from torch import Tensor, nn

OUTER_FACTOR = 0.8
"""Weight of the inner residual block in the outer sum, dimensionless [sharif2021twostage]."""


class ResidualDenseBlock(nn.Module):
    """R(x) = 0.8 RDB(x) + x with RDB(x) = m x5 + x; each conv sees everything before it.

    ::

        x -+-> conv1 -> ReLU -> x1 -+-> conv2 -> ReLU -> x2 -+-> ... x4 -+-> conv5 -> x5
           +------------------------+------------------------+-----------+   (dense concatenation)

        RDB = m * x5 + x          R = 0.8 * RDB + x

    Args:
        features: channels of x.
        growth: channels that each of the first four convs adds.
        residual_factor: m, dimensionless: 0.2 in stage I, 0.5 in stage II.
    """

    def __init__(self, *, features: int = 64, growth: int = 32, residual_factor: float = 0.2) -> None:
        super().__init__()
        self.residual_factor = residual_factor
        self.conv1 = nn.Conv2d(features, growth, 3, padding=1)
        self.conv2 = nn.Conv2d(features + growth, growth, 3, padding=1)
        self.conv3 = nn.Conv2d(features + 2 * growth, growth, 3, padding=1)
        self.conv4 = nn.Conv2d(features + 3 * growth, growth, 3, padding=1)
        self.conv5 = nn.Conv2d(features + 4 * growth, features, 3, padding=1)

    def forward(self, x: Float[Tensor, "batch features height width"]) -> Float[Tensor, "batch features height width"]:
        """R(x), of the shape of x."""
        x1 = torch.relu(self.conv1(x))  # (B, growth, H, W)
        x2 = torch.relu(self.conv2(torch.cat((x, x1), 1)))  # (B, growth, H, W)
        x3 = torch.relu(self.conv3(torch.cat((x, x1, x2), 1)))  # (B, growth, H, W)
        x4 = torch.relu(self.conv4(torch.cat((x, x1, x2, x3), 1)))  # (B, growth, H, W)
        x5 = self.conv5(torch.cat((x, x1, x2, x3, x4), 1))  # (B, features, H, W), no activation
        inner = self.residual_factor * x5 + x
        return OUTER_FACTOR * inner + x


class RDAB(nn.Module):
    """RDAB(x) = R(x) + S(x).

    ::

        x -+-> residual dense block -> R -+
           |                              + -> RDAB(x)
           +-> spatial attention ----> S -+      (left out when attention=False)

    Args:
        features: channels of x.
        growth: channels that each dense conv adds.
        residual_factor: m of the residual dense block.
        attention: False leaves S out (an ablation; not in the paper's network).
    """

    is_rdab: ClassVar[bool] = True
    """Stated anew by a derived class that computes the same function; see `row_plan.paper_stages`."""

    def __init__(
        self, *, features: int = 64, growth: int = 32, residual_factor: float = 0.2, attention: bool = True
    ) -> None:
        super().__init__()
        self.dense = ResidualDenseBlock(features=features, growth=growth, residual_factor=residual_factor)
        self.attention = SpatialAttention(features=features) if attention else None

    def forward(self, x: Float[Tensor, "batch features height width"]) -> Float[Tensor, "batch features height width"]:
        """RDAB(x), of the shape of x."""
        residual = self.dense(x)
        return residual if self.attention is None else residual + self.attention(x)


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


def channels_of(block: nn.Module) -> tuple[int, int]:
    """Channels of x, and those that each dense conv adds, of an RDAB."""
    conv = block.dense.conv1  # type: ignore[union-attr]
    return conv.in_channels, conv.out_channels  # type: ignore[union-attr,return-value]
