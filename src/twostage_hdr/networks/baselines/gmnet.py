"""GMNet: a gain map for a photograph, as Ultra HDR files carry it [liao2025gmnet]."""

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from twostage_hdr.networks.baselines.supervised import conv3x3, pad_to_multiple
from twostage_hdr.networks.hyper_parameters import constructor_arguments

PUBLISHED_GAMMA = 2.2
"""Exponent that makes the photograph linear in the published program."""
PUBLISHED_PEAK = 8.0
"""Largest gain of the synthetic set: maps are log2 gains divided by log2(8) = 3 stops."""
_THUMBNAIL = 256
"""Side of what the global branch sees, px, whatever the photograph's sides."""
_SMALL = 0.1
"""Factor on the initial weights, as published: the first maps are near 0, and the first results near the input."""


class GMNet(nn.Module):
    """One gain for the three channels of each pixel; 1,921,827 parameters.

    ::

        ldr -> to 256 x 256 px -> global branch (1/4) -> kernels 3x3, channel weights, largest gain
                                                             |             |              |
        ldr -> local branch (1/2) -> 5 blocks -> x mask(kernels) -> 5 -> x weights -> 5 -> shuffle 2 -> map
        result = ldr^2.2 * peak^(largest gain * map)

    Sides are padded to even ones inside and cropped.

    Args:
        features: Channels, 64 as published; a multiple of 4.
        blocks: Residual blocks of each of the four groups, 5 as published.
        peak: Gain of a map of 1.
        gamma: Exponent that makes the photograph linear.
    """

    output = "linear"

    def __init__(
        self, *, features: int = 64, blocks: int = 5, peak: float = PUBLISHED_PEAK, gamma: float = PUBLISHED_GAMMA
    ) -> None:
        super().__init__()
        self.hyper_parameters = constructor_arguments(locals())
        n = features
        self.peak, self.gamma = peak, gamma
        self.whole = nn.Sequential(_Down(3, n // 4), _Down(n // 4, n), *_residual_blocks(n, blocks))
        self.to_kernels, self.to_weights, self.to_largest = _Pooled(n, 3, n), _Pooled(n, 1, n), _Pooled(n, 1, 1)
        self.mask = nn.Sequential(conv3x3(n, n), nn.ReLU(), conv3x3(n, 1), nn.Sigmoid())
        self.down = _Down(3, n)
        self.first, self.second, self.third = (nn.Sequential(*_residual_blocks(n, blocks)) for _ in range(3))
        self.up, self.before_last, self.to_map = conv3x3(n, 4 * n), conv3x3(n, n), conv3x3(n, 1)
        for part in (self.mask, self.up, self.before_last, self.to_map):
            part.apply(_start_small)

    def forward(self, ldr: Float[Tensor, "batch 3 height width"]) -> Float[Tensor, "batch 3 height width"]:
        """LDR image, encoded, [0, 1] -> linear HDR image, one to `peak` times the input."""
        normalised, largest = self.maps(ldr)
        gain = self.peak ** (normalised * largest).clamp(0, 1)
        linear: Tensor = ldr.clamp(min=0) ** self.gamma * gain
        return linear

    def maps(self, ldr: Float[Tensor, "batch 3 height width"]) -> tuple[Tensor, Tensor]:
        """The map, (B, 1, H, W), 1 where the gain is largest; and the largest gain, (B, 1, 1, 1): log2 over peak's."""
        thumbnail = F.interpolate(ldr, (_THUMBNAIL, _THUMBNAIL), mode="bicubic", antialias=True).clamp(0, 1)
        whole = self.whole(thumbnail)  # (B, n, 64, 64)
        x = self.first(self.down(pad_to_multiple(ldr, 2)))  # (B, n, H / 2, W / 2)
        x = x * self.mask(_filtered(x, self.to_kernels(whole)))
        x = self.third(self.second(x) * torch.sigmoid(self.to_weights(whole)))
        x = F.relu(F.pixel_shuffle(self.up(x), 2))
        normalised = self.to_map(F.relu(self.before_last(x)))[..., : ldr.shape[-2], : ldr.shape[-1]]
        return normalised, self.to_largest(whole)


def _filtered(x: Float[Tensor, "batch n height width"], kernels: Float[Tensor, "batch n 3 3"]) -> Tensor:
    """Each channel of each image filtered by a kernel of its own."""
    batch, n, height, width = x.shape
    rows = x.reshape(1, batch * n, height, width)
    return F.conv2d(rows, kernels.reshape(batch * n, 1, 3, 3), padding=1, groups=batch * n).reshape(x.shape)


class _Down(nn.Sequential):
    """Half the scale, then two more convolutions."""

    def __init__(self, inputs: int, outputs: int) -> None:
        first = nn.Conv2d(inputs, outputs, 3, stride=2, padding=1)
        super().__init__(first, nn.ReLU(), conv3x3(outputs, outputs), nn.ReLU(), conv3x3(outputs, outputs), nn.ReLU())
        self.apply(_start_small)


class _Pooled(nn.Sequential):
    """Means over a grid of `cells` x `cells`, then a pointwise network."""

    def __init__(self, n: int, cells: int, outputs: int) -> None:
        layers = (nn.Conv2d(n, 2 * n, 1), nn.ReLU(), nn.Conv2d(2 * n, n, 1), nn.ReLU(), nn.Conv2d(n, outputs, 1))
        super().__init__(nn.AdaptiveAvgPool2d(cells), *layers)
        self.apply(_start_small)


class _ResidualBlock(nn.Module):
    """x + conv(ReLU(conv(x)))."""

    def __init__(self, n: int) -> None:
        super().__init__()
        self.conv1, self.conv2 = conv3x3(n, n), conv3x3(n, n)
        self.apply(_start_small)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.conv2(F.relu(self.conv1(x)))


def _residual_blocks(n: int, count: int) -> list[_ResidualBlock]:
    return [_ResidualBlock(n) for _ in range(count)]


def _start_small(part: nn.Module) -> None:
    if isinstance(part, nn.Conv2d):
        nn.init.kaiming_normal_(part.weight)
        with torch.no_grad():
            part.weight.mul_(_SMALL)
        nn.init.zeros_(part.bias)  # type: ignore[arg-type]
