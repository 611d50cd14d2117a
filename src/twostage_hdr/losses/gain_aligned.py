"""A loss that ignores the overall exposure, which a frame of unknown camera response does not determine."""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from twostage_hdr.radiometry.gain import median_gain, well_exposed
from twostage_hdr.radiometry.gamma import HDM_GAMMA, decode_gamma
from twostage_hdr.radiometry.luminance import luminance
from twostage_hdr.radiometry.quantities import EncodedRGB

LEAST_SHARE = 0.05
"""Smallest share of measurable pixels; below it the gain is 1."""

GREATEST_GAIN = 16.0
"""Four stops: a larger difference is an error, not another exposure."""


class GainAlignedLoss(nn.Module):
    """loss(g x, y), with one gain g for each image: exp(median(ln L_y - ln L_x)) over the well-exposed pixels.

    The evaluation measures with such a gain. No gradient flows through g, so with this loss alone the exposure
    would drift: combine it with one that depends on the exposure.

    Args:
        loss: of the aligned image, `(prediction, target) -> scalar`.
    """

    def __init__(self, *, loss: nn.Module) -> None:
        super().__init__()
        self.loss = loss

    def forward(self, prediction: EncodedRGB, target: EncodedRGB) -> Float[Tensor, ""]:
        """Scalar from encoded images of one shape."""
        gain = alignment_gain(prediction, target) ** (1 / HDM_GAMMA)
        result: Tensor = self.loss(prediction * gain, target)
        return result


@torch.no_grad()
def alignment_gain(prediction: EncodedRGB, target: EncodedRGB) -> Float[Tensor, "*batch 1 1 1"]:
    """The linear gain of each image, at most four stops; 1 where fewer than 5 % of its pixels can be measured."""
    x, y = decode_gamma(prediction), decode_gamma(target)
    gain, pixels = median_gain(luminance(y), luminance(x), well_exposed(y))
    enough = pixels >= LEAST_SHARE * y.shape[-2] * y.shape[-1]
    gain = torch.where(enough, gain, 1.0).clamp(1 / GREATEST_GAIN, GREATEST_GAIN)
    return gain[..., None, None, None]
