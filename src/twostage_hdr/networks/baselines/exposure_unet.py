"""The U-Net with which the two methods of Lee et al. change an image's exposure [lee2018recursive, lee2018chain]."""

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from twostage_hdr.networks.baselines.padding import pad_to_multiple

_LEVEL_FACTORS = (1, 2, 4, 8, 8)
_STRIDE = 2 ** len(_LEVEL_FACTORS)


class ExposureUNet(nn.Module):
    """Five 4x4 convolutions of stride 2, five upsamplings with a 3x3 convolution, skips; batch norm, PReLU.

    Takes and returns an LDR image, encoded, [0, 1]; sides are padded to multiples of 32 inside and cropped. The last
    activation is a sigmoid (the sources' range of the image is [-1, 1]; ours is [0, 1]).

    Args:
        features: Channels of the first level; the levels have 1, 2, 4, 8, 8 times as many (64 as published).
    """

    def __init__(self, *, features: int) -> None:
        super().__init__()
        widths = [features * factor for factor in _LEVEL_FACTORS]
        self.down = nn.ModuleList(
            nn.Sequential(nn.Conv2d(inputs, outputs, 4, stride=2, padding=1), nn.BatchNorm2d(outputs), nn.PReLU())
            for inputs, outputs in zip([3, *widths[:-1]], widths, strict=True)
        )
        rising = [*widths[-2::-1], features]  # outputs of the five upsamplings
        skips = [*widths[-2::-1], 3]  # what joins them: the encoder's levels, then the image
        inputs = [widths[-1], *(a + b for a, b in zip(rising[:-1], skips[:-1], strict=True))]
        self.up = nn.ModuleList(
            nn.Sequential(nn.Conv2d(wide, narrow, 3, padding=1), nn.BatchNorm2d(narrow), nn.PReLU())
            for wide, narrow in zip(inputs, rising, strict=True)
        )
        self.to_rgb = nn.Conv2d(rising[-1] + 3, 3, 3, padding=1)

    def forward(self, image: Float[Tensor, "batch 3 height width"]) -> Float[Tensor, "batch 3 height width"]:
        """LDR image, encoded, [0, 1] -> the same scene at another exposure, encoded, [0, 1]."""
        x = pad_to_multiple(image, _STRIDE)
        skips = [x]
        for down in self.down:
            x = down(x)
            skips.append(x)
        skips.pop()  # the deepest is x itself
        for up in self.up:
            x = up(F.interpolate(x, scale_factor=2.0, mode="nearest"))
            x = torch.cat([x, skips.pop()], dim=1)
        return torch.sigmoid(self.to_rgb(x))[..., : image.shape[-2], : image.shape[-1]]
