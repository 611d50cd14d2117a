"""AHDRNet: attention against the reference frame, then dilated dense blocks [yan2019ahdrnet]."""

import math
from typing import ClassVar

import torch
from jaxtyping import Float
from torch import Tensor, nn

from twostage_hdr.networks.hyper_parameters import constructor_arguments
from twostage_hdr.radiometry.exposure_stack import ExposureStack
from twostage_hdr.radiometry.photometry import REFERENCE_CAP
from twostage_hdr.radiometry.quantities import EncodedRGB

_START = 0.5  # encoded, what a new network answers: half of the peak would be far from any picture
Features = Float[Tensor, "batch channels height width"]


class _Attention(nn.Module):
    def __init__(self, features: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(2 * features, 2 * features, 3, padding=1)
        self.conv2 = nn.Conv2d(2 * features, features, 3, padding=1)

    def forward(self, frame: Features, reference: Features) -> Features:
        hidden = nn.functional.leaky_relu(self.conv1(torch.cat((frame, reference), 1)))
        return torch.sigmoid(self.conv2(hidden))


class _DilatedDenseBlock(nn.Module):
    """x + conv1x1 of six dense 3x3 convolutions of dilation 2."""

    def __init__(self, features: int, growth: int) -> None:
        super().__init__()
        self.dense = nn.ModuleList(
            nn.Conv2d(features + place * growth, growth, 3, padding=2, dilation=2) for place in range(6)
        )
        self.fuse = nn.Conv2d(features + 6 * growth, features, 1)

    def forward(self, x: Features) -> Features:
        seen = x
        for conv in self.dense:
            seen = torch.cat((seen, torch.relu(conv(seen))), 1)
        fused: Tensor = x + self.fuse(seen)
        return fused


class AHDRNet(nn.Module):
    """1,441,283 parameters with three frames.

    ::

        frames --> conv (shared) --> others x attention against the reference --> conv --> 3 dilated dense blocks
               --> their outputs joined --> 1x1, 3x3 --> + the reference's features --> 3x3 --> 3x3 --> sigmoid

    The source's light ends at 1; ours does not, so the sigmoid is a share of `peak`, in the encoded domain.

    Args:
        frames: the reference is the first.
        features: channels.
        growth: of the dense blocks.
        peak: largest encoded value, 1.0 = the reference frame's white.
    """

    output = "encoded"
    receptive_radius: ClassVar[int] = 4 + 3 * 6 * 2 + 3
    """How far a pixel sees, px: up to the merge, three dense blocks of dilation 2, the last convolutions."""

    def __init__(self, *, frames: int = 3, features: int = 64, growth: int = 32, peak: float = REFERENCE_CAP) -> None:
        super().__init__()
        self.hyper_parameters = constructor_arguments(locals())
        self.frames, self.peak = frames, peak
        self.stem = nn.Conv2d(6, features, 3, padding=1)
        self.attentions = nn.ModuleList(_Attention(features) for _ in range(frames - 1))
        self.merge = nn.Conv2d(frames * features, features, 3, padding=1)
        self.blocks = nn.ModuleList(_DilatedDenseBlock(features, growth) for _ in range(3))
        self.fuse = nn.Sequential(nn.Conv2d(3 * features, features, 1), nn.Conv2d(features, features, 3, padding=1))
        self.up = nn.Conv2d(features, features, 3, padding=1)
        self.out = nn.Conv2d(features, 3, 3, padding=1)
        nn.init.constant_(self.out.bias, math.log(_START / (peak - _START)))  # type: ignore[arg-type]

    def forward(self, ldr: ExposureStack) -> EncodedRGB:
        """(B, frames, 2, 3, H, W), the reference first, to (B, 3, H, W), in (0, peak)."""
        reference, *others = (nn.functional.leaky_relu(self.stem(frame)) for frame in ldr.flatten(2, 3).unbind(1))
        believed = [frame * attend(frame, reference) for frame, attend in zip(others, self.attentions, strict=True)]
        x = self.merge(torch.cat((reference, *believed), 1))
        seen = []
        for block in self.blocks:
            x = block(x)
            seen.append(x)
        x = self.fuse(torch.cat(seen, 1)) + reference
        return self.peak * torch.sigmoid(self.out(self.up(x)))
