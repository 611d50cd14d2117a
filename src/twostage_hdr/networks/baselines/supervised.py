"""Common to the compared networks: outputs that only the loss sees, convolutions, padding, and gains."""

from typing import Protocol, runtime_checkable

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from twostage_hdr.radiometry.gain import median_gain, well_exposed
from twostage_hdr.radiometry.luminance import luminance

_TINY = 1e-12
"""Least mean luminance that divides: a black prediction stays black."""


@runtime_checkable
class SupervisedOutput(Protocol):
    """A network that is not trained on the image its `forward` returns.

    Methods differ in what they supervise: every iteration, a normalised image, a stack of exposures. A training module
    passes `supervised_output(ldr)` to the network's own loss where a network has this method, and `forward(ldr)`
    otherwise.
    """

    def supervised_output(self, ldr: Tensor) -> Tensor:
        """What the network's own loss takes as `prediction`; shape and unit are the network's and its loss's matter."""
        ...


def conv3x3(inputs: int, outputs: int, *, stride: int = 1, dilation: int = 1, groups: int = 1) -> nn.Conv2d:
    """A 3x3 convolution, zero-padded so that a stride of 1 keeps the size."""
    return nn.Conv2d(inputs, outputs, 3, stride=stride, padding=dilation, dilation=dilation, groups=groups)


def pad_to_multiple(
    image: Float[Tensor, "batch channels height width"], multiple: int
) -> Float[Tensor, "batch channels padded_height padded_width"]:
    """Repeats the last row and column until both sides are multiples of `multiple` (pixels).

    Repeating works for any side >= 1 (a reflection needs more pixels than it adds). Crop the result with
    `[..., :height, :width]`.
    """
    height, width = image.shape[-2:]
    bottom, right = -height % multiple, -width % multiple
    return F.pad(image, (0, right, 0, bottom), mode="replicate") if bottom or right else image


def match_gain(
    prediction: Float[Tensor, "batch 3 height width"], linear_ldr: Float[Tensor, "batch 3 height width"]
) -> Float[Tensor, "batch 3 height width"]:
    """Scales each image of `prediction` (linear, any scale) to its `linear_ldr` (1.0 = white).

    The gain is `median_gain` over the well-exposed pixels; an image without any gets the gain that makes the mean
    luminances agree.
    """
    given, predicted = luminance(linear_ldr), luminance(prediction)
    gain, pixels = median_gain(given, predicted, well_exposed(linear_ldr))
    means = given.mean((1, 2, 3)) / predicted.mean((1, 2, 3)).clamp(min=_TINY)
    return prediction * torch.where(pixels > 0, gain, means)[:, None, None, None]
