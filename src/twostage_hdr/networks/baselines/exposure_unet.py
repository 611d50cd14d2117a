"""A U-Net that changes an image's exposure, and the merge of a stack of exposures [lee2018recursive, lee2018chain]."""

from collections.abc import Iterable, Sequence

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from twostage_hdr.networks.baselines.supervised import pad_to_multiple
from twostage_hdr.radiometry.gamma import HDM_GAMMA

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


class ExposureStackNetwork(nn.Module):
    """Predicts a stack of exposures and merges it with the input.

    Args:
        stops: exposures that are predicted, relative to the input's, ascending; 0, the input itself, is left out.
        gamma: exponent of the encoding, for the merge.
    """

    output = "linear"

    def __init__(self, *, stops: Sequence[float], gamma: float) -> None:
        super().__init__()
        self.stops, self.gamma = list(stops), gamma

    def forward(self, ldr: Float[Tensor, "batch 3 height width"]) -> Float[Tensor, "batch 3 height width"]:
        """LDR image, encoded, [0, 1] -> linear HDR image, 1.0 = LDR white."""
        stack = self.supervised_output(ldr)
        darker = sum(stop < 0 for stop in self.stops)
        whole = torch.cat([stack[:, :darker], ldr[:, None], stack[:, darker:]], dim=1)
        return merge_debevec(whole, stops=[*self.stops[:darker], 0.0, *self.stops[darker:]], gamma=self.gamma)

    def supervised_output(
        self, ldr: Float[Tensor, "batch 3 height width"]
    ) -> Float[Tensor, "batch exposures 3 height width"]:
        """The predicted exposures, encoded, [0, 1], in the order of `stops`."""
        raise NotImplementedError


class ExposureSteps(ExposureStackNetwork):
    """An exposure stack step by step, a stop each, in both directions.

    Args:
        steps: in each direction; 3 as published.
        gamma: exponent of the encoding, for the merge.
    """

    def __init__(self, *, steps: int, gamma: float) -> None:
        super().__init__(stops=[float(stop) for stop in range(-steps, steps + 1) if stop], gamma=gamma)
        self.steps = steps

    def each_step(self) -> Iterable[tuple[nn.Module, nn.Module]]:
        """What darkens and what brightens by a stop, for each step outwards."""
        raise NotImplementedError

    def supervised_output(
        self, ldr: Float[Tensor, "batch 3 height width"]
    ) -> Float[Tensor, "batch exposures 3 height width"]:
        """The predicted exposures, encoded, [0, 1], in the order of `stops`."""
        darker, brighter = [ldr], [ldr]
        for darken, brighten in self.each_step():
            darker.append(darken(darker[-1]))
            brighter.append(brighten(brighter[-1]))
        return torch.stack([*reversed(darker[1:]), *brighter[1:]], dim=1)


_FLOOR = 1e-6  # keeps the weights' sum positive where a (contradictory) stack is well exposed nowhere


def merge_debevec(
    stack: Float[Tensor, "batch exposures 3 height width"], *, stops: Sequence[float], gamma: float = HDM_GAMMA
) -> Float[Tensor, "batch 3 height width"]:
    """Weighted mean of the radiances that the exposures stand for; 1.0 = white of the exposure at 0 stops.

    The weights are Debevec's hat (0 at black and white, 1 in the middle), one-sided for the two ends of the stack:
    nothing is darker than the shortest exposure where all are clipped, nothing brighter than the longest where all
    are black. The response is a known power, and radiances are averaged themselves rather than by their logarithms,
    so that black stays black.

    Args:
        stack: LDR images, encoded, [0, 1].
        stops: Exposure of each image relative to the merged one's, in stops, ascending.
        gamma: Exponent of the encoding.

    Returns:
        Linear image.

    Raises:
        ValueError: The stops do not fit the stack or do not ascend.
    """
    if len(stops) != stack.shape[1] or list(stops) != sorted(stops):
        raise ValueError(f"{stack.shape[1]} exposures need as many ascending stops, but these are {list(stops)}")
    z = stack.clamp(0, 1)
    rising, falling = (2 * z).clamp(max=1), (2 - 2 * z).clamp(max=1)
    falling[:, 0] = 1  # the shortest exposure is trusted up to white,
    rising[:, -1] = 1  # the longest down to black
    weight = torch.minimum(rising, falling) + _FLOOR
    time = torch.tensor([2.0**stop for stop in stops]).to(z, non_blocking=True).view(1, -1, 1, 1, 1)
    return (weight * z**gamma / time).sum(dim=1) / weight.sum(dim=1)
