"""Which part of a scene to show."""

from typing import NamedTuple

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from twostage_hdr.radiometry.exposure import CLIPPING_THRESHOLD, clipped_mask
from twostage_hdr.radiometry.luminance import luminance
from twostage_hdr.radiometry.quantities import EncodedRGB, LinearRGB

MUCH_BRIGHTER = 1.0
"""Stops above white from which a clipped pixel's true light counts as much brighter than white."""


class Crop(NamedTuple):
    """A rectangle of an image, px."""

    top: int
    left: int
    height: int
    width: int

    def of(self, image: Float[Tensor, "channels _ _"]) -> Float[Tensor, "channels _ _"]:
        """That part of an image."""
        return image[..., self.top : self.top + self.height, self.left : self.left + self.width]


class ChosenCrop(NamedTuple):
    """A crop, and how much there is to see in it; 0 means that nothing was found."""

    crop: Crop
    interest: float


def choose_crop(ldr: EncodedRGB, reference: LinearRGB | None, side: int) -> ChosenCrop:
    """The square with the most lost light that still shows what surrounds it.

    Interest = mean of what clipping took (stops of the reference above white where the frame is clipped, counted from
    one stop on) times the share of pixels that are not clipped: a square in the middle of a white sky shows nothing.
    Without a reference every pixel counts the same in which all channels are clipped: of a lamp-lit wall often only
    red is.

    Args:
        ldr: the frame, (3, H, W) in [0, 1].
        reference: its scene, linear, 1.0 = the frame's white; None for a photograph.
        side: of the square, px; an image smaller than that is taken as far as it goes.
    """
    clipped = clipped_mask(ldr)[0].double()
    if reference is None:
        lost = (ldr.amin(-3) >= CLIPPING_THRESHOLD).double()
    else:
        stops = luminance(reference)[0].double().clamp(min=1e-6).log2()
        lost = clipped * torch.where(stops >= MUCH_BRIGHTER, stops, torch.zeros_like(stops))
    height, width = (min(side, length) for length in clipped.shape)
    interest = _box_means(lost, height, width) * (1 - _box_means(clipped, height, width))
    best = int(interest.argmax())
    top, left = divmod(best, interest.shape[1])
    return ChosenCrop(Crop(top, left, height, width), max(float(interest.flatten()[best]), 0.0))


def _box_means(values: Float[Tensor, "_ _"], height: int, width: int) -> Float[Tensor, "_ _"]:
    """Means over every height x width box, by sums that are never taken twice."""
    total = F.pad(values.cumsum(0).cumsum(1), (1, 0, 1, 0))
    boxes = total[height:, width:] - total[:-height, width:] - total[height:, :-width] + total[:-height, :-width]
    return boxes / (height * width)
