"""A view of the whole frame: how it was encoded, and how bright what it lost may be."""

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from twostage_hdr.networks.frame_thumbnail import BINS, CHANNELS, SIDE, Thumbnail, bilinear_matrix
from twostage_hdr.networks.response_curve import NUMBERS, ResponseCurve, curve_of
from twostage_hdr.networks.two_stage_context import clipping_weight
from twostage_hdr.radiometry.quantities import EncodedRGB

QUANTILES = (0.1, 0.5, 0.9)
"""Of the light that is lost."""
CELLS = SIDE // 2
"""Of the map of lights, along both sides."""
PEAK = 173.8
"""Most light that the branch gives a channel, times white: 10 encoded, where the scores' references end."""
LOWEST = 0.7
"""Least light of a clipped channel, times white; noise may have clipped it."""
COLOUR_SPAN = 1.2
"""Most that a channel may differ from the mean of the three, ln: 1.7 stops."""
FAINTEST = 0.06
"""Offset of a channel, ln, up to which it has none."""
PARTLY_SPAN = 1.4
"""Most that a channel may be above white where another is not clipped, ln: 2 stops."""
SPECKS, DEPTH = 0.2, 1.1
"""Of the light, ln, that a cell is given: what a speck gets, and how that grows with the share of what is clipped
around it. Light begins at white, and texture that crosses white must not break up."""
SMALLEST_SHARE = 1e-6
"""Of a cell; below it the map does not matter, and nothing is divided by 0."""


class LightMap(NamedTuple):
    """Log light of clipped channels, relative to white, on a canvas of 80 cells; see `WholeFrameBranch`."""

    whole: Float[Tensor, "batch 3 cells cells"]
    """Where all channels are clipped: ln light at 10, 50 and 90 %, in this order never falling."""
    partly: Float[Tensor, "batch 3 cells cells"]
    """Where some are: likewise."""
    colour: Float[Tensor, "batch 3 cells cells"]
    """ln of R, G and B over their mean, where all are clipped."""
    glow: Float[Tensor, "batch 3 cells cells"]
    """Likewise where some are: around a sun red is further above white than green."""
    share: Float[Tensor, "batch 2 cells cells"]
    """Of a cell: clipped in all channels; clipped in some."""


class WholeFrameBranch(nn.Module):
    """Reads a thumbnail; says the response and the light of what is clipped.

    ::

        thumbnail --> convolutions, stride 2 --> mean, max, histogram --> 4 numbers of a ResponseCurve
        thumbnail, re-encoded by the curve --> U-Net, 80 cells to 3, with the histogram --> LightMap

    Args:
        widths: channels of the U-Net's levels, from 80 x 80 cells down, each half the side of the one before.
        curve_features: channels of the first convolution of the response's network.
        dropout: share of the channels that are left out at random at the coarsest level, in training.
    """

    def __init__(
        self, *, widths: Sequence[int] = (24, 40, 56, 80, 112), curve_features: int = 24, dropout: float = 0.2
    ) -> None:
        super().__init__()
        self.curve = CurveNetwork(features=curve_features, dropout=dropout)
        self.enter = nn.Conv2d(CHANNELS + 4, widths[0], 5, stride=2, padding=2)
        self.down = nn.ModuleList(nn.Conv2d(a, b, 3, stride=2, padding=1) for a, b in pairwise(widths))
        self.encode = nn.ModuleList(ResidualBlock(width) for width in widths)
        self.look_around = nn.Linear(2 * widths[-1] + 3 * BINS, widths[-1])
        self.drop = nn.Dropout2d(dropout)
        self.up = nn.ModuleList(nn.Conv2d(a + b, a, 3, padding=1) for a, b in pairwise(widths))
        self.decode = nn.ModuleList(ResidualBlock(width) for width in widths[:-1])
        self.leave = nn.Conv2d(widths[0], 12, 1)
        nn.init.zeros_(self.leave.weight)
        nn.init.zeros_(self.leave.bias)  # type: ignore[arg-type]

    def response(self, seen: Thumbnail) -> ResponseCurve:
        """The frame's response, where it is to be estimated."""
        return curve_of(self.curve(seen))

    def lights(self, seen: Thumbnail, curve: ResponseCurve, known: Float[Tensor, " batch"]) -> LightMap:
        """The light of what is clipped.

        Args:
            seen: the frame as the camera encoded it.
            curve: its response, known or estimated.
            known: 1 where it is known, 0 where it is estimated, and light near white is less certain.
        """
        inside = seen.cells[:, -1:]
        linearised = curve.encoded(seen.cells[:, :3]) * inside
        x = self.enter(
            torch.cat((seen.cells, linearised, inside * known[:, None, None, None]), 1)
        )  # (B, widths[0], 80, 80)
        levels: list[Tensor] = []
        for number, block in enumerate(self.encode):
            x = block(x if number == 0 else self.down[number - 1](F.silu(x)))
            levels.append(x)
        whole = torch.cat((x.mean((2, 3)), x.amax((2, 3)), seen.histogram * 10), 1)
        x = self.drop(x + self.look_around(whole)[:, :, None, None])
        for number in reversed(range(len(self.up))):
            x = F.interpolate(x, scale_factor=2.0, mode="nearest")
            x = self.decode[number](self.up[number](F.silu(torch.cat((levels[number], x), 1))))
        return _light_map(self.leave(F.silu(x)).float(), F.avg_pool2d(seen.cells, 2))


class CurveNetwork(nn.Module):
    """Thumbnail to the free numbers of a `ResponseCurve`; zeros when new.

    Args:
        features: channels of the first convolution.
        dropout: share of the pooled features left out, in training.
    """

    def __init__(self, *, features: int, dropout: float) -> None:
        super().__init__()
        widths = [CHANNELS, features, 2 * features, 3 * features, 4 * features]
        strided = [nn.Conv2d(a, b, 3, stride=2, padding=1) for a, b in pairwise(widths)]
        self.convs = nn.ModuleList(strided)
        self.hidden = nn.Linear(2 * widths[-1] + 3 * BINS, 128)
        self.drop = nn.Dropout(dropout)
        self.numbers = nn.Linear(128, NUMBERS)
        nn.init.zeros_(self.numbers.weight)
        nn.init.zeros_(self.numbers.bias)

    def forward(self, seen: Thumbnail) -> Float[Tensor, "batch 4"]:
        """Free numbers, see `curve_of`."""
        x = seen.cells
        for conv in self.convs:
            x = F.silu(conv(x))  # to (B, 4 features, 10, 10)
        pooled = torch.cat((x.mean((2, 3)), x.amax((2, 3)), seen.histogram * 10), 1)
        numbers: Tensor = self.numbers(self.drop(F.silu(self.hidden(pooled))))
        return numbers.float()


class ResidualBlock(nn.Module):
    """x + conv(silu(conv(silu(x)))); x itself when new.

    Args:
        features: channels of x.
    """

    def __init__(self, features: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(features, features, 3, padding=1)
        self.second = nn.Conv2d(features, features, 3, padding=1)
        nn.init.zeros_(self.second.weight)

    def forward(self, x: Float[Tensor, "batch features rows columns"]) -> Float[Tensor, "batch features rows columns"]:
        """Of the shape of x."""
        residual: Tensor = x + self.second(F.silu(self.first(F.silu(x))))
        return residual


def light_rows(
    lights: LightMap, ldr: EncodedRGB, quantiles: Sequence[float], *, top: int, height: int
) -> list[EncodedRGB]:
    """Rows of the light of clipped channels: ln relative to white, (B, 3, rows, W), one image for each quantile.

    Between cells the map is bilinear, weighted by how much of each cell is clipped: what lies in front of a window
    takes no part in how bright it is. Where nothing is clipped the values mean nothing.

    Args:
        lights: of the whole frame.
        ldr: rows of the frame as the camera encoded it, (B, 3, rows, W).
        quantiles: of the light, 0.1 to 0.9 each.
        top: the first of the rows.
        height: of the whole frame.
    """
    rows, width = ldr.shape[-2:]
    down = bilinear_matrix(height, height, width, CELLS, ldr)[top : top + rows]
    across = bilinear_matrix(width, height, width, CELLS, ldr)
    return _light(down @ _weighted(lights) @ across.T, ldr, quantiles)


def light_at(
    lights: LightMap, ldr: EncodedRGB, place: Float[Tensor, "batch rows columns 2"], quantiles: Sequence[float]
) -> list[EncodedRGB]:
    """As `light_rows`, at pixels anywhere: `place` says where they lie on the canvas, see `canvas_place`."""
    fine = F.grid_sample(_weighted(lights), place, mode="bilinear", padding_mode="border", align_corners=False)
    return _light(fine, ldr, quantiles)


def uncertainty_rows(
    lights: LightMap, ldr: EncodedRGB, *, top: int, height: int
) -> Float[Tensor, "batch 1 rows columns"]:
    """Stops between the 10 and the 90 % quantile of the light; 0 where nothing is clipped. Arguments: `light_rows`."""
    low, high = light_rows(lights, ldr, (QUANTILES[0], QUANTILES[-1]), top=top, height=height)
    return (clipping_weight(ldr) * (high - low)).amax(1, keepdim=True) / math.log(2)


def at_quantile(
    levels: Float[Tensor, "batch 3 rows columns"], quantile: float
) -> Float[Tensor, "batch 1 rows columns"]:
    """The level of one quantile, linear between those known; rises with it.

    Args:
        levels: of 10, 50 and 90 %.
        quantile: 0.1 to 0.9.
    """
    low, middle, high = levels.chunk(3, 1)
    if quantile <= QUANTILES[1]:
        share = (quantile - QUANTILES[0]) / (QUANTILES[1] - QUANTILES[0])
        return low + share * (middle - low)
    share = (quantile - QUANTILES[1]) / (QUANTILES[2] - QUANTILES[1])
    return middle + share * (high - middle)


def _light_map(raw: Float[Tensor, "batch 12 rows columns"], cells: Tensor) -> LightMap:
    """Bounded levels that do not cross, from the free numbers of each cell."""
    whole, partly, colour, glow = raw.chunk(4, 1)
    shares = cells[:, 6:7], (cells[:, 7:8] - cells[:, 6:7]).clamp(min=0)
    return LightMap(
        whole=_bounded(_rising(whole), math.log(LOWEST), math.log(PEAK)),
        partly=_bounded(_rising(partly), math.log(LOWEST), PARTLY_SPAN),
        colour=_balanced(colour),
        glow=_balanced(glow),
        share=torch.cat(shares, 1),
    )


def _balanced(colour: Float[Tensor, "batch 3 rows columns"]) -> Float[Tensor, "batch 3 rows columns"]:
    """Bounded, and nearly around 0 in each cell; a cast that nobody sees is none, so white light stays white."""
    offset = colour - colour.mean(1, keepdim=True)
    return COLOUR_SPAN * torch.tanh((offset - offset.clamp(-FAINTEST, FAINTEST)) / COLOUR_SPAN)


def _rising(free: Float[Tensor, "batch 3 rows columns"]) -> Float[Tensor, "batch 3 rows columns"]:
    down, middle, up = free.chunk(3, 1)
    return torch.cat((middle - F.softplus(down), middle, middle + F.softplus(up)), 1)


def _bounded(value: Tensor, low: float, high: float) -> Tensor:
    """Nearly the value itself around 0, never beyond the bounds."""
    return high * torch.tanh(value.clamp(min=0) / high) + low * torch.tanh(value.clamp(max=0) / low)


def _weighted(lights: LightMap) -> Float[Tensor, "batch 14 cells cells"]:
    """Levels and colours times their share of a cell, and the two shares: what is interpolated."""
    everywhere, some = (lights.share + SMALLEST_SHARE).chunk(2, 1)
    whole, partly = torch.cat((lights.whole, lights.colour), 1), torch.cat((lights.partly, lights.glow), 1)
    return torch.cat((whole * everywhere, partly * some, everywhere, some), 1)


def _light(
    fine: Float[Tensor, "batch 14 rows columns"], ldr: EncodedRGB, quantiles: Sequence[float]
) -> list[EncodedRGB]:
    everywhere, some = fine[:, 12:13], fine[:, 13:]
    whole, colour = (_depth(everywhere) * fine[:, :6] / everywhere).chunk(2, 1)
    partly, glow = (_depth(everywhere + some) * fine[:, 6:12] / some).chunk(2, 1)
    white = clipping_weight(ldr)
    all_white = white.amin(1, keepdim=True) / white.amax(1, keepdim=True).clamp(min=SMALLEST_SHARE)
    return [
        all_white * (at_quantile(whole, quantile) + colour) + (1 - all_white) * (at_quantile(partly, quantile) + glow)
        for quantile in quantiles
    ]


def _depth(share: Float[Tensor, "batch 1 rows columns"]) -> Float[Tensor, "batch 1 rows columns"]:
    """1 inside clipped regions, 0.75 at a straight edge; less where only specks of a surface reach white."""
    return (SPECKS + DEPTH * share).clamp(max=1)
