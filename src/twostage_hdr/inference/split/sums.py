"""The passes over the memory between the products, in PyTorch; sums are in float32 or better.

Parts are channels of one product, (B, C, H, W) views of it. `sums_triton` has the same functions, each in one pass.
"""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional as F


def sum_relu(parts: Sequence[Tensor], bias: Tensor) -> Tensor:
    """ReLU(sum of the parts + bias), of the parts' dtype."""
    return torch.relu(_sum(parts, bias)).to(parts[0].dtype)


def mean_and_max(x: Tensor) -> Tensor:
    """Over the channels, (B, 2, H, W), in float32 or better."""
    x = x.to(torch.promote_types(x.dtype, torch.float32))
    return torch.cat((x.mean(1, keepdim=True), x.amax(1, keepdim=True)), 1)


def gate(pooled: Tensor, weight: Tensor) -> Tensor:
    """sigmoid(conv7x7), (B, 1, H, W)."""
    return torch.sigmoid(F.conv2d(pooled, weight, padding=3))


def finish(
    x: Tensor, factor: float, parts: Sequence[Tensor], bias: Tensor, attention: tuple[Tensor, Tensor, Tensor] | None
) -> Tensor:
    """Factor * x + sum of the parts + bias + gate * (product + its bias), of x's dtype."""
    total = _sum(parts, bias) + factor * x
    if attention is not None:
        gates, product, product_bias = attention
        total = total + gates * _sum([product], product_bias)
    return total.to(x.dtype)


def last_layer(features: Tensor, weight: Tensor, bias: Tensor, image: Tensor) -> Tensor:
    """ReLU(image + conv1x1), of the image's dtype."""
    return torch.relu(F.conv2d(features.to(weight.dtype), weight[:, :, None, None], bias) + image)


def _sum(parts: Sequence[Tensor], bias: Tensor) -> Tensor:
    total = bias[:, None, None] + parts[0]
    for part in parts[1:]:
        total = total + part
    return total
