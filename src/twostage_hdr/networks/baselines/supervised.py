"""What a compared network shows to its loss during training, where that differs from its result."""

from typing import Protocol, runtime_checkable

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from twostage_hdr.radiometry.exposure import WELL_EXPOSED


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


_LUMINANCE = (0.2126, 0.7152, 0.0722)  # Rec. 709

_TINY = 1e-12


def match_gain(
    prediction: Float[Tensor, "batch 3 height width"], linear_ldr: Float[Tensor, "batch 3 height width"]
) -> Float[Tensor, "batch 3 height width"]:
    """Scales each image of `prediction` (linear, any scale) to its `linear_ldr` (1.0 = white).

    The gain is exp(median(ln L_ldr - ln L_prediction)) over well-exposed pixels; an image without any gets the gain
    that makes the mean luminances agree.
    """
    gains = [_gain(image, ldr) for image, ldr in zip(prediction, linear_ldr, strict=True)]
    return prediction * torch.stack(gains).view(-1, 1, 1, 1)


def _gain(prediction: Float[Tensor, "3 height width"], ldr: Float[Tensor, "3 height width"]) -> Float[Tensor, ""]:
    weights = prediction.new_tensor(_LUMINANCE).view(3, 1, 1)
    predicted, given = (prediction * weights).sum(0), (ldr * weights).sum(0)
    low, high = WELL_EXPOSED
    well_exposed = ((ldr > low) & (ldr < high)).all(dim=0)
    if not well_exposed.any():
        return given.mean() / predicted.mean().clamp(min=_TINY)
    ratio = given[well_exposed].log() - predicted[well_exposed].clamp(min=_TINY).log()
    return ratio.median().exp()
