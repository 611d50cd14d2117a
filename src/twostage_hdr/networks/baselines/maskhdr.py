"""MaskHDR: a U-Net whose features are masked where the photograph is saturated [santos2020maskhdr]."""

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from twostage_hdr.networks.baselines.supervised import pad_to_multiple
from twostage_hdr.networks.hyper_parameters import constructor_arguments

PUBLISHED_GAMMA = 2.0
"""Exponent that makes the photograph linear in the published program."""
THRESHOLD = 0.95
"""Encoded value from which on a pixel counts as saturated, fully at 1."""
_MEAN, _STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
"""Of ImageNet's photographs: the network was first trained to fill in theirs."""
_KERNELS = (7, 5, 5, 3, 3, 3, 3)
_LEVELS = len(_KERNELS)
_WIDTHS = (1, 2, 4, 8, 8, 8, 8)
_SLOPE = 0.2
_TINY = 1e-6
_LARGEST = 12.0
"""Cut of the network's ln(1 + y), far above what it learns: exp of more would overflow in half precision."""


class MaskHDR(nn.Module):
    """What is not saturated stays the photograph's; what is comes from the network.

    ::

        mask = 1 - clip((ldr - threshold) / (1 - threshold))            per channel
        y = exp(U-Net(normalised ldr, mask)) - 1
        result = mask * ldr^2 + (1 - mask) * y

    Every convolution sees its input times the mask, and hands on the mask's mean, weighted by its absolute weights.
    Seven scales; sides are padded to multiples of 128 inside and cropped.

    Args:
        features: Channels of the first scale, 64 as published.
        gamma: Exponent that makes the photograph linear.
    """

    output = "linear"

    def __init__(self, *, features: int = 64, gamma: float = PUBLISHED_GAMMA) -> None:
        super().__init__()
        self.hyper_parameters = constructor_arguments(locals())
        self.gamma = gamma
        widths = [3, *(features * width for width in _WIDTHS)]
        self.encoder = nn.ModuleList(
            _MaskedConvolution(widths[level], widths[level + 1], kernel, stride=2)
            for level, kernel in enumerate(_KERNELS)
        )
        # Of the scale above, the skip and the coarser result: decoder[k] makes scale k.
        outputs = [3, *widths[1:-1]]
        coarser = [*outputs[1:], widths[-1]]
        self.decoder = nn.ModuleList(
            _MaskedConvolution(coarser[level] + widths[level], outputs[level], 3, bias=level == 0)
            for level in range(_LEVELS)
        )

    def forward(self, ldr: Float[Tensor, "batch 3 height width"]) -> Float[Tensor, "batch 3 height width"]:
        """LDR image, encoded, [0, 1] -> linear HDR image, >= 0."""
        mask = well_exposed_mask(ldr)
        light = self.logarithm(ldr).clamp(0, _LARGEST).expm1()
        return mask * ldr.clamp(min=0) ** self.gamma + (1 - mask) * light

    def logarithm(self, ldr: Float[Tensor, "batch 3 height width"]) -> Float[Tensor, "batch 3 height width"]:
        """The network's ln(1 + y), of any sign."""
        frame = pad_to_multiple(ldr, 2**_LEVELS)
        mean, std = (torch.tensor(values).to(frame, non_blocking=True).view(3, 1, 1) for values in (_MEAN, _STD))
        x, mask = (frame - mean) / std, well_exposed_mask(frame)
        passed = []
        for convolution in self.encoder:
            passed.append(x)
            x, mask = convolution(x, mask)
            x = F.relu(x)
        for level in reversed(range(_LEVELS)):
            x = torch.cat([F.interpolate(x, scale_factor=2), passed[level]], dim=1)
            mask = F.interpolate(mask, scale_factor=2)
            mask = torch.cat([mask, torch.ones_like(passed[level])], dim=1)
            x, mask = self.decoder[level](x, mask)
            x = F.leaky_relu(x, _SLOPE) if level else x
        return x[..., : ldr.shape[-2], : ldr.shape[-1]]


def well_exposed_mask(ldr: Float[Tensor, "batch 3 height width"]) -> Float[Tensor, "batch 3 height width"]:
    """1 up to the threshold, 0 where a channel is saturated, linear between."""
    return 1 - ((ldr - THRESHOLD) / (1 - THRESHOLD)).clamp(0, 1)


class _MaskedConvolution(nn.Module):
    """A convolution of x * mask; the new mask is the old one's mean under the absolute weights."""

    def __init__(self, inputs: int, outputs: int, kernel: int, *, stride: int = 1, bias: bool = False) -> None:
        super().__init__()
        self.convolution = nn.Conv2d(inputs, outputs, kernel, stride=stride, padding=kernel // 2, bias=bias)
        nn.init.xavier_normal_(self.convolution.weight, gain=2**0.5)

    def forward(self, x: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        convolution = self.convolution
        with torch.no_grad():
            weights = convolution.weight.abs()
            sums = weights.sum(dim=(1, 2, 3))[:, None, None] + _TINY
            seen = F.conv2d(mask, weights, stride=convolution.stride, padding=convolution.padding) / sums
        return convolution(x * mask), seen
