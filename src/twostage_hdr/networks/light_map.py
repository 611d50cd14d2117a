"""How bright clipped light may be: a coarse map of the whole frame, and what it says at each pixel."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from twostage_hdr.networks.frame_thumbnail import SIDE, bilinear_matrix
from twostage_hdr.networks.two_stage_context import clipping_weight
from twostage_hdr.radiometry.quantities import EncodedRGB

QUANTILES = (0.1, 0.5, 0.9)
"""Quantiles of the clipped light that the map predicts."""
CELLS = SIDE // 2
"""Cells along each side of the map."""
PEAK = 173.8
"""Most light that the map gives a channel, times white: 10 encoded, where the scores' references end."""
LOWEST = 0.7
"""Least light of a clipped channel, times white; noise may have clipped it."""
COLOUR_SPAN = 1.2
"""Most that a channel may differ from the mean of the three, ln: 1.7 stops."""
COLOUR_DEAD_ZONE = 0.06
"""Offsets of a channel up to this, ln, count as 0, so that white light stays white."""
PARTLY_SPAN = 1.4
"""Most that a channel may be above white where another is not clipped, ln: 2 stops."""
EDGE_LIGHT, EDGE_RISE = 0.2, 1.1
"""Part of a cell's log light that is shown: where hardly any of it is clipped, and its rise with the clipped share.
Light begins at white, and texture that crosses white must not break up."""
SMALLEST_SHARE = 1e-6
"""Added to a cell's share, so that nothing is divided by 0 where nothing is clipped."""


class LightMap(NamedTuple):
    """Log light of clipped channels, relative to white, on a canvas of 80 x 80 cells.

    A cell has 12 free numbers: a, b, c where all channels clip, a, b, c where some do, and three of colour for each.
    With B(x) = x bounded smoothly by [ln 0.7, ln PEAK] (by 2 stops above white where only some channels clip)::

        levels  = B(b - softplus(a)), B(b), B(b + softplus(c))           at 10, 50, 90 %: they never cross
        colour  = 1.2 tanh(dead zone(o - mean o) / 1.2)                  o: R, G, B

    A pixel takes the levels l and colours of the cells around it, interpolated with the cells' clipped shares s as
    weights; its own values say whether all channels clip or some::

        ln light = d(s) (l(quantile) + colour),     d(s) = min(0.2 + 1.1 s, 1): 1 inside, 0.75 at a straight edge

    Ours; not in the paper.
    """

    whole: Float[Tensor, "batch 3 cells cells"]
    """Where all channels are clipped: ln light at 10, 50 and 90 %, never falling in this order."""
    partly: Float[Tensor, "batch 3 cells cells"]
    """The same quantiles where only some channels are clipped."""
    colour: Float[Tensor, "batch 3 cells cells"]
    """ln of R, G and B over their mean, where all are clipped."""
    partly_colour: Float[Tensor, "batch 3 cells cells"]
    """The same where only some are: around a sun red is further above white than green."""
    share: Float[Tensor, "batch 2 cells cells"]
    """Share of a cell that is clipped in all channels, and in some."""

    @classmethod
    def of(
        cls, free: Float[Tensor, "batch 12 rows columns"], clipped: Float[Tensor, "batch 2 rows columns"]
    ) -> "LightMap":
        """The map of a network's free numbers.

        Args:
            free: any values.
            clipped: share of each cell that is clipped in all channels, and in any.
        """
        whole, partly, colour, partly_colour = free.chunk(4, 1)
        everywhere, anywhere = clipped.chunk(2, 1)
        return cls(
            whole=_bounded(_rising(whole), math.log(LOWEST), math.log(PEAK)),
            partly=_bounded(_rising(partly), math.log(LOWEST), PARTLY_SPAN),
            colour=_balanced(colour),
            partly_colour=_balanced(partly_colour),
            share=torch.cat((everywhere, (anywhere - everywhere).clamp(min=0)), 1),
        )

    def widened(self, factor: float) -> "LightMap":
        """The same medians with the outer quantiles so many times as far from them; none falls below ln 0.7."""
        whole, partly = (
            torch.lerp(levels[:, 1:2].expand_as(levels), levels, factor).clamp(min=math.log(LOWEST))
            for levels in (self.whole, self.partly)
        )
        return self._replace(whole=whole, partly=partly)


def light_rows(
    lights: LightMap, ldr: EncodedRGB, quantiles: Sequence[float], *, top: int, height: int
) -> list[EncodedRGB]:
    """Rows of the light of clipped channels: ln relative to white, (B, 3, rows, W), one image for each quantile.

    Between cells the map is bilinear, weighted by how much of each cell is clipped: what lies in front of a window
    has no influence on its light. Where nothing is clipped the values are meaningless.

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


def _balanced(colour: Float[Tensor, "batch 3 rows columns"]) -> Float[Tensor, "batch 3 rows columns"]:
    """R, G, B around 0 in each cell, bounded; small offsets become 0, so that white light stays white."""
    offset = colour - colour.mean(1, keepdim=True)
    return COLOUR_SPAN * torch.tanh((offset - offset.clamp(-COLOUR_DEAD_ZONE, COLOUR_DEAD_ZONE)) / COLOUR_SPAN)


def _rising(free: Float[Tensor, "batch 3 rows columns"]) -> Float[Tensor, "batch 3 rows columns"]:
    down, middle, up = free.chunk(3, 1)
    return torch.cat((middle - F.softplus(down), middle, middle + F.softplus(up)), 1)


def _bounded(value: Tensor, low: float, high: float) -> Tensor:
    """Nearly the value itself around 0, never beyond the bounds."""
    return high * torch.tanh(value.clamp(min=0) / high) + low * torch.tanh(value.clamp(max=0) / low)


def _weighted(lights: LightMap) -> Float[Tensor, "batch 14 cells cells"]:
    """Levels and colours times their share of a cell, and the two shares: what is interpolated."""
    everywhere, some = (lights.share + SMALLEST_SHARE).chunk(2, 1)
    whole, partly = torch.cat((lights.whole, lights.colour), 1), torch.cat((lights.partly, lights.partly_colour), 1)
    return torch.cat((whole * everywhere, partly * some, everywhere, some), 1)


def _light(
    fine: Float[Tensor, "batch 14 rows columns"], ldr: EncodedRGB, quantiles: Sequence[float]
) -> list[EncodedRGB]:
    everywhere, some = fine[:, 12:13], fine[:, 13:]
    whole, colour = (_depth(everywhere) * fine[:, :6] / everywhere).chunk(2, 1)
    partly, partly_colour = (_depth(everywhere + some) * fine[:, 6:12] / some).chunk(2, 1)
    every = all_white(clipping_weight(ldr))
    return [
        every * (at_quantile(whole, quantile) + colour) + (1 - every) * (at_quantile(partly, quantile) + partly_colour)
        for quantile in quantiles
    ]


def all_white(white: Float[Tensor, "batch 3 rows columns"]) -> Float[Tensor, "batch 1 rows columns"]:
    """1 where all channels are clipped as much as each other, 0 where one is not; of their clipping weights."""
    return white.amin(1, keepdim=True) / white.amax(1, keepdim=True).clamp(min=SMALLEST_SHARE)


def _depth(share: Float[Tensor, "batch 1 rows columns"]) -> Float[Tensor, "batch 1 rows columns"]:
    """1 inside clipped regions, 0.75 at a straight edge; less where only specks of a surface reach white."""
    return (EDGE_LIGHT + EDGE_RISE * share).clamp(max=1)
