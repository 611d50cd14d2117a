"""HDRUNet: a U-Net modulated by a condition network, with a weighting branch [chen2021hdrunet]."""

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from twostage_hdr.networks.baselines.supervised import conv3x3, pad_to_multiple
from twostage_hdr.networks.hyper_parameters import constructor_arguments

_STRIDE = 4
_SLOPE = 0.1
_CONDITION = 32


class HDRUNet(nn.Module):
    """Runner-up of the NTIRE 2021 challenge's single-frame track.

        ldr -> conv, SFT, conv -> F0 -> stride 2, 2 blocks -> F1 -> stride 2, 8 blocks -> + F2
                |                  |                           |                           |
         condition network         |          2 blocks  <----- + <------- shuffle 2 -------'
         (scales 1, 1/2, 1/4)      + <- shuffle 2 <-'
                                   '-> SFT, conv, conv -> + mask(ldr) * ldr

    Every residual block is modulated (SFT: features * (1 + scale) + shift) by the condition of its scale. 1,651,494
    parameters. Sides are padded to multiples of 4 inside and cropped.

    Args:
        features: Channels, 64 as published.
        blocks: Residual blocks before, at and after the coarsest scale; [2, 8, 2] as published.
        identity_start: Start with the last convolution at zero and the mask at one, so that the untrained network
            returns its input; the published code starts from PyTorch's random weights.
    """

    output = "encoded"

    def __init__(
        self, *, features: int = 64, blocks: list[int] | tuple[int, ...] = (2, 8, 2), identity_start: bool = False
    ) -> None:
        super().__init__()
        self.hyper_parameters = constructor_arguments(locals())
        n = features
        descending, coarsest, ascending = blocks
        self.condition = _ConditionNetwork(n)
        self.mask = nn.Sequential(
            conv3x3(3, n), nn.ReLU(), conv3x3(n, n), nn.ReLU(), nn.Conv2d(n, n, 1), nn.ReLU(), nn.Conv2d(n, 3, 1)
        )
        self.first, self.first_sft, self.second = conv3x3(3, n), SFT(n), conv3x3(n, n)
        self.down1, self.down2 = conv3x3(n, n, stride=2), conv3x3(n, n, stride=2)
        self.descending = nn.ModuleList(SFTResidualBlock(n) for _ in range(descending))
        self.coarsest = nn.ModuleList(SFTResidualBlock(n) for _ in range(coarsest))
        self.ascending = nn.ModuleList(SFTResidualBlock(n) for _ in range(ascending))
        self.up1, self.up2 = conv3x3(n, 4 * n), conv3x3(n, 4 * n)
        self.last_sft, self.before_last, self.to_rgb = SFT(n), conv3x3(n, n), conv3x3(n, 3)
        if identity_start:
            for last, bias in ((self.to_rgb, 0.0), (self.mask[-1], 1.0)):
                nn.init.zeros_(last.weight)  # type: ignore[arg-type]
                nn.init.constant_(last.bias, bias)  # type: ignore[arg-type]

    def forward(self, ldr: Float[Tensor, "batch 3 height width"]) -> Float[Tensor, "batch 3 height width"]:
        """LDR image, encoded, [0, 1] -> encoded HDR image, >= 0, may exceed 1."""
        return self.supervised_output(ldr).clamp(min=0)

    def supervised_output(self, ldr: Float[Tensor, "batch 3 height width"]) -> Float[Tensor, "batch 3 height width"]:
        """The same before negative values, which the loss must see, are cut."""
        x = pad_to_multiple(ldr, _STRIDE)
        full, half, quarter = self.condition(x)
        f0 = F.relu(self.second(self.first_sft(F.relu(self.first(x)), full)))  # (B, n, H, W)
        f1 = _run(self.descending, F.relu(self.down1(f0)), half)  # (B, n, H/2, W/2)
        f2 = F.relu(self.down2(f1))  # (B, n, H/4, W/4)
        out = _run(self.coarsest, f2, quarter) + f2
        out = _run(self.ascending, F.relu(F.pixel_shuffle(self.up1(out), 2)) + f1, half)
        out = F.relu(F.pixel_shuffle(self.up2(out), 2)) + f0
        out = self.to_rgb(F.relu(self.before_last(self.last_sft(out, full))))
        return (self.mask(x) * x + out)[..., : ldr.shape[-2], : ldr.shape[-1]]


class SFT(nn.Module):
    """Spatial feature transform: x * (1 + scale(condition)) + shift(condition)."""

    def __init__(self, features: int, *, condition: int = _CONDITION) -> None:
        super().__init__()
        self.scale, self.shift = (
            nn.Sequential(nn.Conv2d(condition, condition, 1), nn.LeakyReLU(_SLOPE), nn.Conv2d(condition, features, 1))
            for _ in range(2)
        )

    def forward(self, x: Tensor, condition: Tensor) -> Tensor:
        """Features (B, features, H, W) and their condition (B, condition, H, W) -> modulated features."""
        return x * (1 + self.scale(condition)) + self.shift(condition)


class SFTResidualBlock(nn.Module):
    """x + conv(SFT(ReLU(conv(SFT(x)))))."""

    def __init__(self, features: int) -> None:
        super().__init__()
        self.sft1, self.conv1 = SFT(features), conv3x3(features, features)
        self.sft2, self.conv2 = SFT(features), conv3x3(features, features)
        for convolution in (self.conv1, self.conv2):  # small at first, so that a block begins near the identity
            nn.init.kaiming_normal_(convolution.weight)
            with torch.no_grad():
                convolution.weight.mul_(0.1)
            nn.init.zeros_(convolution.bias)  # type: ignore[arg-type]

    def forward(self, x: Tensor, condition: Tensor) -> Tensor:
        """Features (B, features, H, W) and condition (B, 32, H, W) -> features."""
        out = F.relu(self.conv1(self.sft1(x, condition)))
        return x + self.conv2(self.sft2(out, condition))


class _ConditionNetwork(nn.Module):
    """Features of the input at scales 1, 1/2 and 1/4, 32 channels each, that modulate the U-Net."""

    def __init__(self, n: int) -> None:
        super().__init__()
        self.shared = nn.Sequential(
            *(conv3x3(3, n), nn.LeakyReLU(_SLOPE)),
            *(nn.Conv2d(n, n, 1), nn.LeakyReLU(_SLOPE)),
            *(nn.Conv2d(n, n, 1), nn.LeakyReLU(_SLOPE)),
        )
        self.scale1 = nn.Sequential(nn.Conv2d(n, n, 1), nn.LeakyReLU(_SLOPE), nn.Conv2d(n, _CONDITION, 1))
        self.scale2 = nn.Sequential(conv3x3(n, n, stride=2), nn.LeakyReLU(_SLOPE), nn.Conv2d(n, _CONDITION, 1))
        self.scale4 = nn.Sequential(conv3x3(n, n, stride=2), nn.LeakyReLU(_SLOPE), conv3x3(n, _CONDITION, stride=2))

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        shared = self.shared(x)
        return self.scale1(shared), self.scale2(shared), self.scale4(shared)


def _run(blocks: nn.ModuleList, x: Tensor, condition: Tensor) -> Tensor:
    for block in blocks:
        x = block(x, condition)
    return x
