"""LHDR: a light network for degraded photographs, in two scales, conditioned on what is bright [guo2022lhdr]."""

from itertools import pairwise

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from twostage_hdr.networks.baselines.hdrunet import SFT
from twostage_hdr.networks.baselines.supervised import conv3x3, match_gain, pad_to_multiple
from twostage_hdr.networks.hyper_parameters import constructor_arguments

PUBLISHED_GAMMA = 1 / 0.45
"""Exponent that makes the network's output linear in the published program."""
_STRIDE = 4
_SLOPE = 0.1
_GROUPS = 4
_BRIGHT = 0.9
"""Encoded value from which a pixel counts as bright, fully at 1."""
_TINY = 1e-8


class LHDR(nn.Module):
    """For legacy content: noise, compression, clipping; 271,112 parameters.

    ::

        ldr -> pointwise network, -+-> conv -> dense sums (full scale) -> conv ------------> + -> ReLU
               modulated by        '-> conv, stride 2 -> U-Net: masked convolutions down,    |
               the frame at 1/4        modulated ones up (scale 1/2) -> shuffle 2 -----------'
        bright = clip((ldr - 0.9) / 0.1) ----------------^

    The published program stretches every result to its own maximum; here its scale is the input's, matched on
    well-exposed pixels. Sides are padded to multiples of 4 inside and cropped.

    Args:
        features: Channels, 32 as published; a multiple of 8 (4 groups, 4 kernel sizes of half of them).
        gamma: Exponent that makes output and input linear.
    """

    output = "linear"

    def __init__(self, *, features: int = 32, gamma: float = PUBLISHED_GAMMA) -> None:
        super().__init__()
        self.hyper_parameters = constructor_arguments(locals())
        self.gamma = gamma
        self.pointwise = _PointwiseNetwork(features)
        self.to_detail, self.to_base = conv3x3(3, features), conv3x3(3, features, stride=2)
        self.detail = _DenseSums(features)
        self.base = _MaskedUNet(features)
        self.detail_to_rgb, self.base_to_rgb = conv3x3(features, 3), conv3x3(features, 12)

    def forward(self, ldr: Float[Tensor, "batch 3 height width"]) -> Float[Tensor, "batch 3 height width"]:
        """LDR image, encoded, [0, 1] -> linear HDR image, >= 0, on the input's scale."""
        return match_gain(self.supervised_output(ldr) ** self.gamma, ldr.clamp(min=0) ** self.gamma)

    def supervised_output(self, ldr: Float[Tensor, "batch 3 height width"]) -> Float[Tensor, "batch 3 height width"]:
        """The network's own image, encoded, >= 0."""
        frame = pad_to_multiple(ldr, _STRIDE)
        bright = ((frame - _BRIGHT) / (1 - _BRIGHT)).clamp(0, 1)
        enhanced = self.pointwise(frame, F.interpolate(frame, scale_factor=1 / 4, mode="bilinear"))
        detail = _act(self.detail_to_rgb(self.detail(_act(self.to_detail(enhanced)))))  # (B, 3, H, W)
        base = self.base(_act(self.to_base(enhanced)), bright)  # (B, features, H / 2, W / 2)
        base = _act(F.pixel_shuffle(self.base_to_rgb(base), 2))  # (B, 3, H, W)
        return F.relu(base + detail)[..., : ldr.shape[-2], : ldr.shape[-1]]


class _PointwiseNetwork(nn.Module):
    """Four 1x1 convolutions, each output y modulated to y + scale * y + shift by the whole frame's features."""

    def __init__(self, n: int) -> None:
        super().__init__()
        channels = (3, n, 2 * n, n, 3)
        self.layers = nn.ModuleList(nn.Conv2d(a, b, 1) for a, b in pairwise(channels))
        self.first, self.last = conv3x3(3, n // 2, stride=2), conv3x3(n // 2, n, stride=2)
        self.kernels = nn.ModuleList(nn.Conv2d(n // 8, n // 8, k, padding=k // 2) for k in (1, 3, 5, 7))
        self.scales, self.shifts = (nn.ModuleList(nn.Linear(n, b) for b in channels[1:]) for _ in range(2))

    def forward(self, frame: Tensor, small: Tensor) -> Tensor:
        """(B, 3, H, W) and the same at 1/4 -> (B, 3, H, W)."""
        parts = _act(self.first(small)).chunk(len(self.kernels), dim=1)
        joined = torch.cat([kernel(part) for kernel, part in zip(self.kernels, parts, strict=True)], dim=1)
        condition = _act(self.last(_act(joined))).mean(dim=(2, 3))  # (B, n)
        for layer, scale, shift in zip(self.layers, self.scales, self.shifts, strict=True):
            y = layer(frame)
            frame = _act(y * (1 + scale(condition)[..., None, None]) + shift(condition)[..., None, None])
        return frame


class _DenseSums(nn.Module):
    """Five 3x3 convolutions, each of the sum of the input and all outputs before; the last is added to the input."""

    def __init__(self, n: int) -> None:
        super().__init__()
        self.convolutions = nn.ModuleList(conv3x3(n, n) for _ in range(5))

    def forward(self, x: Tensor) -> Tensor:
        total = x
        *first, last = self.convolutions
        for convolution in first:
            total = total + _act(convolution(total))
        return last(total) + x


class _MaskedConvolution(nn.Module):
    """A partial convolution [liu2018partial] whose mask, here a soft one, has a value in each channel.

    What a window's mask lacks is made up for by a factor, and the new mask is the window's sum, cut at [0, 1]; neither
    passes a gradient. Positions whose window is empty become 0.
    """

    def __init__(self, n: int, groups: int) -> None:
        super().__init__()
        self.convolution = conv3x3(n, n, groups=groups)
        self.window = 9 * n

    def forward(self, x: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        with torch.no_grad():
            # A window's sum over all channels: nine times its mean, borders counting as zeros.
            total = 9 * F.avg_pool2d(mask.sum(dim=1, keepdim=True), 3, stride=1, padding=1)
            known = total.clamp(0, 1)
            factor = self.window / (total + _TINY) * known
        convolution = self.convolution
        plain = F.conv2d(x * mask, convolution.weight, padding=1, groups=convolution.groups)
        assert convolution.bias is not None
        return (plain * factor + convolution.bias[:, None, None]) * known, known.expand_as(mask)


class _MaskedBlock(nn.Module):
    """x + two masked convolutions."""

    def __init__(self, n: int) -> None:
        super().__init__()
        self.first, self.second = _MaskedConvolution(n, _GROUPS), _MaskedConvolution(n, 1)

    def forward(self, x: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        y, mask = self.first(x, mask)
        y, mask = self.second(_act(y), mask)
        return x + _act(y), mask


class _ModulatedBlock(nn.Module):
    """x + two modulated convolutions."""

    def __init__(self, n: int) -> None:
        super().__init__()
        self.sft1, self.conv1 = SFT(n, condition=n), conv3x3(n, n, groups=_GROUPS)
        self.sft2, self.conv2 = SFT(n, condition=n), conv3x3(n, n)

    def forward(self, x: Tensor, condition: Tensor) -> Tensor:
        y = _act(self.conv1(self.sft1(x, condition)))
        return x + _act(self.conv2(self.sft2(y, condition)))


class _MaskedUNet(nn.Module):
    """Two scales; masked by what is not bright on the way down, modulated by what is bright on the way up."""

    def __init__(self, n: int) -> None:
        super().__init__()
        self.mask = nn.Conv2d(3, n, 1)
        self.fine, self.coarse = (nn.ModuleList(_MaskedBlock(n) for _ in range(2)) for _ in range(2))
        self.down, self.up = conv3x3(n, n, stride=2), conv3x3(n, 4 * n)
        self.modulated_coarse, self.modulated_fine = (
            nn.ModuleList(_ModulatedBlock(n) for _ in range(2)) for _ in range(2)
        )
        self.shared = nn.ModuleList([conv3x3(3, n), conv3x3(n, n, groups=_GROUPS)])
        self.condition_fine = nn.ModuleList([conv3x3(n, n, stride=2, groups=_GROUPS), conv3x3(n, n)])
        self.condition_coarse = nn.ModuleList([conv3x3(n, n, stride=2, groups=_GROUPS), conv3x3(n, n, stride=2)])

    def forward(self, base: Tensor, bright: Tensor) -> Tensor:
        """(B, n, H / 2, W / 2) and (B, 3, H, W) -> (B, n, H / 2, W / 2)."""
        shared = _act(self.shared[1](_act(self.shared[0](bright))))
        fine_condition, coarse_condition = (
            second(_act(first(shared))) for first, second in (self.condition_fine, self.condition_coarse)
        )
        # The published mask looks at `bright` with the same threshold once more: only from 0.99 on is less than 1 left.
        dark = ((1 - bright) / (1 - _BRIGHT)).clamp(0, 1)
        fine, mask = _run_masked(self.fine, base, F.avg_pool2d(self.mask(dark), 3, 2, 1))
        coarse = _act(self.down(fine))
        x, _ = _run_masked(self.coarse, coarse, F.avg_pool2d(mask, 3, 2, 1))
        for block in self.modulated_coarse:
            x = block(x, coarse_condition)
        x = _act(F.pixel_shuffle(self.up(x + coarse), 2))
        for block in self.modulated_fine:
            x = block(x, fine_condition)
        return x + fine + base


def _run_masked(blocks: nn.ModuleList, x: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
    for block in blocks:
        x, mask = block(x, mask)
    return x, mask


def _act(x: Tensor) -> Tensor:
    return F.leaky_relu(x, _SLOPE)
