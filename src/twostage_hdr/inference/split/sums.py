"""The passes over the memory between the products, in PyTorch; sums are in float32 or better.

Parts are channels of one product, (B, C, H, W) views of it. `sums_triton` has the same functions, each in one pass.
"""

from collections.abc import Sequence
from typing import TypeAlias

import torch
from torch import Tensor
from torch.nn import functional as F

Features: TypeAlias = tuple[Tensor, Tensor]
"""What their dtype holds of them, and what it leaves: the products see the first, the residual sums both.

Two bfloat16 are as good as float32 there; one alone would cost 13 dB of the result.
"""


def first_layer(image: Tensor, weight: Tensor, bias: Tensor, dtype: torch.dtype) -> Features:
    """The image's conv3x3."""
    return _halves(F.conv2d(image, weight, bias, padding=1), dtype)


def sum_relu(parts: Sequence[Tensor], bias: Tensor) -> Tensor:
    """ReLU(sum of the parts + bias), of the parts' dtype."""
    return torch.relu(_sum(parts, bias)).to(parts[0].dtype)


def mean_and_max(x: Features) -> Tensor:
    """Over the channels, (B, 2, H, W), in float32 or better."""
    values = _whole(x)
    return torch.cat((values.mean(1, keepdim=True), values.amax(1, keepdim=True)), 1)


def gate(pooled: Tensor, weight: Tensor) -> Tensor:
    """sigmoid(conv7x7), (B, 1, H, W)."""
    return torch.sigmoid(F.conv2d(pooled, weight, padding=3))


def finish(
    x: Features, factor: float, parts: Sequence[Tensor], bias: Tensor, attention: tuple[Tensor, Tensor, Tensor] | None
) -> Features:
    """Factor * x + sum of the parts + bias + gate * (product + its bias)."""
    total = _sum(parts, bias) + factor * _whole(x)
    if attention is not None:
        gates, product, product_bias = attention
        total = total + gates * _sum([product], product_bias)
    return _halves(total, x[0].dtype)


def last_layer(features: Features, weight: Tensor, bias: Tensor, image: Tensor) -> Tensor:
    """ReLU(image + conv1x1), of the image's dtype."""
    return torch.relu(F.conv2d(_whole(features), weight[:, :, None, None], bias) + image)


def _sum(parts: Sequence[Tensor], bias: Tensor) -> Tensor:
    total = bias[:, None, None] + parts[0]
    for part in parts[1:]:
        total = total + part
    return total


def _whole(x: Features) -> Tensor:
    high, low = x
    dtype = torch.promote_types(high.dtype, torch.float32)
    return high.to(dtype) + low.to(dtype)


def _halves(values: Tensor, dtype: torch.dtype) -> Features:
    high = values.to(dtype)
    return high, (values - high).to(dtype)
