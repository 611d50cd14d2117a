"""A view of the whole frame: how it was encoded, and how bright what it lost may be."""

from collections.abc import Sequence
from itertools import pairwise

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from twostage_hdr.networks.frame_thumbnail import BINS, CHANNELS, Thumbnail
from twostage_hdr.networks.light_map import LightMap
from twostage_hdr.networks.response_curve import NUMBERS, ResponseCurve, curve_of


class WholeFrameBranch(nn.Module):
    """Estimates from a thumbnail the frame's response and the light of what is clipped (see `LightMap`).

    ::

        thumbnail --> convolutions, stride 2 --> mean, max, histogram --> 4 numbers of a ResponseCurve
        thumbnail, re-encoded by the curve --> U-Net, 80 cells to 5, with the histogram --> LightMap

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
        return LightMap.of(self.leave(F.silu(x)).float(), F.avg_pool2d(seen.cells, 2)[:, 6:8])


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
