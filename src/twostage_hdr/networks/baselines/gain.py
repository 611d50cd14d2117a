"""The scale of a prediction that has none, from the well-exposed pixels of its input."""

import torch
from jaxtyping import Float
from torch import Tensor

from twostage_hdr.radiometry.exposure import WELL_EXPOSED

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
