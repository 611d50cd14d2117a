"""A variant with a wider receptive field: the two-stage result times a coarse gain where the frame is clipped.

Nine tenths of the error of a reconstruction lie in the clipped pixels, most of it in their mean brightness over regions
larger than the receptive field of the two-stage network. Estimating that takes a wide view but no resolution.
"""

import math

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from twostage_hdr.networks.hyper_parameters import constructor_arguments
from twostage_hdr.networks.two_stage import TwoStageNetwork
from twostage_hdr.radiometry.exposure import CLIPPING_THRESHOLD, WELL_EXPOSED
from twostage_hdr.radiometry.gamma import HDM_GAMMA
from twostage_hdr.radiometry.quantities import EncodedRGB

CELL = 8
"""Side of a cell of the map, px."""

DILATIONS = (1, 2, 4, 8, 4, 2, 1)
"""Of the residual blocks: together a receptive radius of 22 cells, 176 px."""

LOWEST_GAIN, HIGHEST_GAIN = 0.25, 16.0
"""Encoded; the scores' references end at 10."""

WELL_EXPOSED_END = WELL_EXPOSED[1] ** (1 / HDM_GAMMA)
"""Encoded value up to which a channel is left as it is."""


class DilatedBlock(nn.Module):
    """x + conv1x1(ReLU(dilated conv3x3(x))).

    Args:
        features: channels of x.
        dilation: of the 3x3 convolution.
    """

    def __init__(self, *, features: int, dilation: int) -> None:
        super().__init__()
        self.wide = nn.Conv2d(features, features, 3, padding=dilation, dilation=dilation)
        self.point = nn.Conv2d(features, features, 1)

    def forward(self, x: Float[Tensor, "batch features rows columns"]) -> Float[Tensor, "batch features rows columns"]:
        """The sum, of the shape of x."""
        residual: Tensor = x + self.point(torch.relu(self.wide(x)))
        return residual


class ContextGain(nn.Module):
    """Gains for the clipped channels of an LDR frame, from a view of 176 px to every side at an eighth of its size.

    ::

        ldr, weight --> conv8x8, stride 8 -> 7 dilated blocks -> conv1x1 --> ln gain of each cell and channel
        gain = exp(clipping_weight * (ln gain, bilinear at full size))

    `clipping_weight` rises from 0 at the end of the well-exposed range to 1 at the clipping threshold, in each channel,
    so well-exposed values are not changed. An untrained map is 1 everywhere.

    Args:
        features: channels of the map's network.
    """

    receptive_cells = sum(DILATIONS)
    """Receptive radius of a cell, in cells; the interpolation between cells adds one."""

    def __init__(self, *, features: int = 64) -> None:
        super().__init__()
        self.conv_in = nn.Conv2d(6, features, CELL, stride=CELL)
        self.blocks = nn.Sequential(*(DilatedBlock(features=features, dilation=dilation) for dilation in DILATIONS))
        self.conv_out = nn.Conv2d(features, 3, 1)
        nn.init.zeros_(self.conv_out.weight)
        nn.init.zeros_(self.conv_out.bias)  # type: ignore[arg-type]

    def forward(self, ldr: EncodedRGB) -> EncodedRGB:
        """Factors on an encoded image, (B, 3, H, W), from the LDR frame in [0, 1]; any H, W >= 1."""
        height, width = ldr.shape[-2:]
        fine = F.interpolate(self.map(ldr), scale_factor=CELL, mode="bilinear")
        rows, columns = (torch.arange(side, device=ldr.device) for side in (height, width))
        log_gain = fine.index_select(-2, rows).index_select(-1, columns)  # a slice would not export with free sizes
        return torch.exp(clipping_weight(ldr) * log_gain)

    def map(self, ldr: EncodedRGB) -> Float[Tensor, "batch 3 rows columns"]:
        """ln gain of every cell."""
        return self.map_of(self.cells(ldr))

    def cells(self, ldr: EncodedRGB) -> Float[Tensor, "batch features rows columns"]:
        """Each cell by itself; an incomplete last row or column of them is padded with the frame's edge pixels."""
        network_input = torch.cat((ldr, clipping_weight(ldr)), 1)  # (B, 6, H, W)
        missing = (0, -ldr.shape[-1] % CELL, 0, -ldr.shape[-2] % CELL)
        return torch.relu(self.conv_in(F.pad(network_input, missing, mode="replicate")))  # (B, features, H / 8, W / 8)

    def map_of(self, cells: Float[Tensor, "batch features rows columns"]) -> Float[Tensor, "batch 3 rows columns"]:
        """ln gain of every cell, from all of them."""
        log_gain: Tensor = self.conv_out(self.blocks(cells))
        return log_gain.clamp(math.log(LOWEST_GAIN), math.log(HIGHEST_GAIN))


def clipping_weight(ldr: EncodedRGB) -> EncodedRGB:
    """A ramp in each channel: 0 up to the end of the well-exposed range, 1 from the clipping threshold on."""
    return ((ldr - WELL_EXPOSED_END) / (CLIPPING_THRESHOLD - WELL_EXPOSED_END)).clamp(0, 1)


class TwoStageContextNetwork(nn.Module):
    """ldr -> two-stage network -> I_H; result = I_H * context(ldr).

    ::

        ldr -+-> two-stage network [sharif2021twostage]          -+
             |   834,476 parameters, receptive radius 17 px       + x -> hdr
             +-> context: gains over clipped channels, at 1/8    -+
                 312,451 parameters, receptive radius 176 px

    The context costs 0.6 % of the two stages' multiply-adds. Ours; not in the paper.

    Args:
        features: channels inside both stages.
        growth: channels that each dense conv adds.
        context_features: channels of the context's network.
    """

    output = "encoded"

    def __init__(self, *, features: int = 64, growth: int = 32, context_features: int = 64) -> None:
        super().__init__()
        self.hyper_parameters = constructor_arguments(locals())
        self.two_stage = TwoStageNetwork(features=features, growth=growth)
        self.context = ContextGain(features=context_features)

    def forward(self, ldr: EncodedRGB) -> EncodedRGB:
        """LDR frame in [0, 1], (B, 3, H, W), to the HDR image of the same shape; any H, W >= 1."""
        hdr: EncodedRGB = self.two_stage(ldr) * self.context(ldr)
        return hdr
