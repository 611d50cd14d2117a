"""What lies behind white, told from further away: a coarse map of gains over the clipped channels of a frame.

Nine tenths of the error of a reconstruction lies in the clipped pixels, most of it in their mean brightness over
regions larger than the two-stage network sees. To tell that takes a wide view and no resolution.
"""

import math

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from twostage_hdr.networks.hyper_parameters import HyperParameters
from twostage_hdr.radiometry.exposure import CLIPPING_THRESHOLD, WELL_EXPOSED
from twostage_hdr.radiometry.gamma import HDM_GAMMA
from twostage_hdr.radiometry.quantities import EncodedRGB

CELL = 8
"""Side of a cell of the map, px."""

DILATIONS = (1, 2, 4, 8, 4, 2, 1)
"""Of the residual blocks: together they reach 22 cells, 176 px, to every side."""

LOWEST_GAIN, HIGHEST_GAIN = 0.25, 16.0
"""Encoded; the scores' references end at 10."""

WELL_EXPOSED_END = WELL_EXPOSED[1] ** (1 / HDM_GAMMA)
"""Encoded value up to which a channel is told by the frame itself, and left alone."""


class DilatedBlock(nn.Module):
    """x + conv1x1(ReLU(dilated conv3x3(x))).

    Args:
        features: channels of x.
        dilation: of the 3x3 convolution, which is as many cells wide to each side.
    """

    def __init__(self, *, features: int, dilation: int) -> None:
        super().__init__()
        self.wide = nn.Conv2d(features, features, 3, padding=dilation, dilation=dilation)
        self.point = nn.Conv2d(features, features, 1)

    def forward(self, x: Float[Tensor, "batch features rows columns"]) -> Float[Tensor, "batch features rows columns"]:
        """Of the shape of x."""
        residual: Tensor = x + self.point(torch.relu(self.wide(x)))
        return residual


class ContextGain(nn.Module):
    """Gains for the clipped channels of an LDR frame, from a view of 176 px to every side at an eighth of its size.

    ::

        ldr, white --> conv8x8, stride 8 -> 7 dilated blocks -> conv1x1 --> ln gain of each cell and channel
        gain = exp(white * (ln gain, bilinear at full size))

    `white` rises from 0 at the end of the well-exposed range to 1 at the clipping threshold, in each channel, so what
    the frame tells stays as it is. A new map is 1 everywhere.

    Args:
        features: channels of the map's network.
    """

    reach = sum(DILATIONS)
    """How far a cell sees, in cells; the map is bilinear between cells, which adds one."""

    def __init__(self, *, features: int = 64) -> None:
        super().__init__()
        self.hyper_parameters: HyperParameters = {"features": features}
        self.conv_in = nn.Conv2d(6, features, CELL, stride=CELL)
        self.blocks = nn.Sequential(*(DilatedBlock(features=features, dilation=dilation) for dilation in DILATIONS))
        self.conv_out = nn.Conv2d(features, 3, 1)
        nn.init.zeros_(self.conv_out.weight)
        assert self.conv_out.bias is not None
        nn.init.zeros_(self.conv_out.bias)

    def forward(self, ldr: EncodedRGB) -> EncodedRGB:
        """Factors on an encoded image, (B, 3, H, W), from the LDR frame in [0, 1]; any H, W >= 1."""
        height, width = ldr.shape[-2:]
        fine = F.interpolate(self.map(ldr), scale_factor=CELL, mode="bilinear")
        rows, columns = (torch.arange(side, device=ldr.device) for side in (height, width))
        log_gain = fine.index_select(-2, rows).index_select(-1, columns)  # a slice would not export with free sizes
        return torch.exp(white_share(ldr) * log_gain)

    def map(self, ldr: EncodedRGB) -> Float[Tensor, "batch 3 rows columns"]:
        """ln gain of every cell; the last row and column of cells are filled up with the frame's edge pixels."""
        seen = torch.cat((ldr, white_share(ldr)), 1)  # (B, 6, H, W)
        missing = (0, -ldr.shape[-1] % CELL, 0, -ldr.shape[-2] % CELL)
        cells = torch.relu(self.conv_in(F.pad(seen, missing, mode="replicate")))  # (B, features, H / 8, W / 8)
        log_gain: Tensor = self.conv_out(self.blocks(cells))
        return log_gain.clamp(math.log(LOWEST_GAIN), math.log(HIGHEST_GAIN))


def white_share(ldr: EncodedRGB) -> EncodedRGB:
    """How far each channel is from the end of the well-exposed range, 0, to the clipping threshold, 1."""
    return ((ldr - WELL_EXPOSED_END) / (CLIPPING_THRESHOLD - WELL_EXPOSED_END)).clamp(0, 1)
