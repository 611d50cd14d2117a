"""How wrong an estimated response is: in stops, over what the frame exposed well, once the exposure is forgiven."""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from twostage_hdr.radiometry.exposure import WELL_EXPOSED
from twostage_hdr.radiometry.luminance import luminance
from twostage_hdr.radiometry.quantities import LinearRGB

DARKEST = 0.001
"""Linear value from which shadows count, with the weight `SHADOWS`; below it is noise."""
SHADOWS = 0.25
EXPOSURE = 0.1
"""Weight of the exposure itself, which the evaluation forgives."""


class ResponseErrorLoss(nn.Module):
    """mean |d - median d|, d = log2(L_X / L_R), plus a little of |median d|; shadows count a quarter."""

    def forward(self, prediction: LinearRGB, target: LinearRGB) -> Float[Tensor, ""]:
        """Scalar >= 0 in stops, from linear images of one shape, (B, 3, H, W); where nothing is exposed well, 0."""
        return torch.stack([_error(x, y) for x, y in zip(prediction, target, strict=True)]).mean()


def _error(prediction: Float[Tensor, "3 height width"], target: Float[Tensor, "3 height width"]) -> Tensor:
    low, high = WELL_EXPOSED
    seen = (target.amax(0) < high) & (target.amin(0) > DARKEST)
    well = seen & (target.amin(0) > low)
    if not well.any():
        return prediction.sum() * 0
    x, y = luminance(prediction)[0][seen], luminance(target)[0][seen]
    stops = torch.log2(x.clamp(min=DARKEST / 10)) - torch.log2(y)
    middle = stops[well[seen]].median()
    weight = torch.where(well[seen], 1.0, SHADOWS)
    return (weight * (stops - middle.detach()).abs()).sum() / weight.sum() + EXPOSURE * middle.abs()
