"""A view of the whole frame: how it was encoded, and how bright what it lost may be."""

import math
from itertools import pairwise
from typing import NamedTuple

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from twostage_hdr.networks.context_gain import clipping_weight
from twostage_hdr.networks.frame_thumbnail import BINS, CHANNELS, SIDE, Thumbnail, bilinear_matrix
from twostage_hdr.networks.hyper_parameters import HyperParameters
from twostage_hdr.networks.response_curve import NUMBERS, ResponseCurve, curve_of
from twostage_hdr.radiometry.quantities import EncodedRGB

QUANTILES = (0.1, 0.5, 0.9)
"""Of the light that is lost."""
CELLS = SIDE // 2
"""Of the map of lights, along both sides."""
PEAK = 173.8
"""Most light that the branch gives a channel, times white: 10 encoded, where the scores' references end."""
LOWEST = 0.7
"""Least light of a clipped channel, times white; noise may have clipped it."""
COLOUR_SPAN = 0.5
"""Most that a channel may differ from the mean of the three, ln: 0.7 stops."""
PARTLY_SPAN = 1.4
"""Most that a channel may be above white where another is not clipped, ln: 2 stops."""
SMALLEST_SHARE = 1e-6
"""Of a cell; below it the map does not matter, and nothing is divided by 0."""


class LightMap(NamedTuple):
    """Log light of clipped channels, relative to white, on a canvas of 96 cells; see `WholeFrameBranch`."""

    whole: Float[Tensor, "batch 3 cells cells"]
    """Where all channels are clipped: ln light at 10, 50 and 90 %, in this order never falling."""
    partly: Float[Tensor, "batch 3 cells cells"]
    """Where some are: likewise."""
    colour: Float[Tensor, "batch 3 cells cells"]
    """ln of R, G and B over their mean, where all are clipped."""
    share: Float[Tensor, "batch 2 cells cells"]
    """Of a cell: clipped in all channels; clipped in some."""


class WholeFrameBranch(nn.Module):
    """Reads a thumbnail; says the response and the light of what is clipped.

    ::

        thumbnail --> convolutions, stride 2 --> mean, max, histogram --> 4 numbers of a ResponseCurve
        thumbnail, re-encoded by the curve --> U-Net, 96 cells to 3, with the histogram --> LightMap

    Args:
        widths: channels of the U-Net's levels, from 96 x 96 cells down, each half the side of the one before.
        curve_features: channels of the first convolution of the response's network.
        dropout: share of the channels that are left out at random at the coarsest level, in training.
    """

    def __init__(
        self,
        *,
        widths: tuple[int, ...] | list[int] = (32, 48, 64, 96, 128),
        curve_features: int = 24,
        dropout: float = 0.2,
    ) -> None:
        super().__init__()
        widths = list(widths)
        self.hyper_parameters: HyperParameters = {
            "widths": widths,
            "curve_features": curve_features,
            "dropout": dropout,
        }
        self.curve = CurveNetwork(features=curve_features, dropout=dropout)
        self.enter = nn.Conv2d(CHANNELS + 3, widths[0], 5, stride=2, padding=2)
        self.down = nn.ModuleList(nn.Conv2d(a, b, 3, stride=2, padding=1) for a, b in pairwise(widths))
        self.encode = nn.ModuleList(ResidualBlock(width) for width in widths)
        self.look_around = nn.Linear(2 * widths[-1] + 3 * BINS, widths[-1])
        self.drop = nn.Dropout2d(dropout)
        self.up = nn.ModuleList(nn.Conv2d(a + b, a, 3, padding=1) for a, b in pairwise(widths))
        self.decode = nn.ModuleList(ResidualBlock(width) for width in widths[:-1])
        self.leave = nn.Conv2d(widths[0], 9, 1)
        nn.init.zeros_(self.leave.weight)
        assert self.leave.bias is not None
        nn.init.zeros_(self.leave.bias)

    def response(self, seen: Thumbnail) -> ResponseCurve:
        """The frame's response, where it is to be estimated."""
        return curve_of(self.curve(seen))

    def lights(self, seen: Thumbnail, curve: ResponseCurve) -> LightMap:
        """The light of what is clipped.

        Args:
            seen: the frame as the camera encoded it.
            curve: its response, known or estimated.
        """
        inside = seen.cells[:, -1:]
        linearised = curve.encoded(seen.cells[:, :3]) * inside
        x = self.enter(torch.cat((seen.cells, linearised), 1))  # (B, widths[0], 96, 96)
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
            x = F.silu(conv(x))  # to (B, 4 features, 12, 12)
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
    lights: LightMap, ldr: EncodedRGB, quantile: float, *, top: int, height: int
) -> tuple[EncodedRGB, EncodedRGB]:
    """Rows of the light of clipped channels, and how far each channel is clipped.

    Between cells the map is bilinear, weighted by how much of each cell is clipped: what lies in front of a window
    takes no part in how bright it is.

    Args:
        lights: of the whole frame.
        ldr: rows of the frame as the camera encoded it, (B, 3, rows, W).
        quantile: 0.1 to 0.9.
        top: the first of the rows.
        height: of the whole frame.

    Returns:
        ln light relative to white, and white shares in [0, 1], both (B, 3, rows, W).
    """
    levels = torch.cat((at_quantile(lights.whole, quantile) + lights.colour, at_quantile(lights.partly, quantile)), 1)
    fine = _upsampled(levels, lights.share, ldr, top=top, height=height)
    white = clipping_weight(ldr)
    all_white = white.amin(1, keepdim=True)
    most = white.amax(1, keepdim=True).clamp(min=SMALLEST_SHARE)
    everywhere = all_white / most  # 1 where all channels are clipped alike
    return everywhere * fine[:, :3] + (1 - everywhere) * fine[:, 3:], white


def uncertainty_rows(
    lights: LightMap, ldr: EncodedRGB, *, top: int, height: int
) -> Float[Tensor, "batch 1 rows columns"]:
    """Stops between the 10 and the 90 % quantile of the light; 0 where nothing is clipped. Arguments: `light_rows`."""
    low, white = light_rows(lights, ldr, QUANTILES[0], top=top, height=height)
    high, _ = light_rows(lights, ldr, QUANTILES[-1], top=top, height=height)
    return (white * (high - low)).amax(1, keepdim=True) / math.log(2)


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


def _light_map(raw: Float[Tensor, "batch 9 rows columns"], cells: Tensor) -> LightMap:
    """Bounded levels that do not cross, from the free numbers of each cell."""
    whole, partly, colour = raw.chunk(3, 1)
    shares = cells[:, 6:7], (cells[:, 7:8] - cells[:, 6:7]).clamp(min=0)
    colour = colour - colour.mean(1, keepdim=True)
    return LightMap(
        whole=_bounded(_rising(whole), math.log(LOWEST), math.log(PEAK)),
        partly=_bounded(_rising(partly), math.log(LOWEST), PARTLY_SPAN),
        colour=COLOUR_SPAN * torch.tanh(colour / COLOUR_SPAN),
        share=torch.cat(shares, 1),
    )


def _rising(free: Float[Tensor, "batch 3 rows columns"]) -> Float[Tensor, "batch 3 rows columns"]:
    down, middle, up = free.chunk(3, 1)
    return torch.cat((middle - F.softplus(down), middle, middle + F.softplus(up)), 1)


def _bounded(value: Tensor, low: float, high: float) -> Tensor:
    """Nearly the value itself around 0, never beyond the bounds."""
    return high * torch.tanh(value.clamp(min=0) / high) + low * torch.tanh(value.clamp(max=0) / low)


def _upsampled(
    levels: Float[Tensor, "batch 4 cells cells"], share: Tensor, ldr: EncodedRGB, *, top: int, height: int
) -> Float[Tensor, "batch 4 rows columns"]:
    rows, width = ldr.shape[-2:]
    down = bilinear_matrix(height, height, width, CELLS, ldr)[top : top + rows]
    across = bilinear_matrix(width, height, width, CELLS, ldr)
    weights = share[:, (0, 0, 0, 1)] + SMALLEST_SHARE
    return (down @ (levels * weights) @ across.T) / (down @ weights @ across.T)
