"""What the whole-frame variant learns from: quantiles of lost light, the response, and the logarithm of the scores."""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from twostage_hdr.losses.gain_aligned import alignment_gain
from twostage_hdr.radiometry.exposure import WELL_EXPOSED
from twostage_hdr.radiometry.gamma import HDM_GAMMA, decode_gamma
from twostage_hdr.radiometry.luminance import luminance
from twostage_hdr.radiometry.mu_law import mu_law_tone_map, reference_scale
from twostage_hdr.radiometry.photometry import PU21_PEAK
from twostage_hdr.radiometry.pu21 import pu21_encode
from twostage_hdr.radiometry.quantities import EncodedRGB, LinearRGB

SMALLEST_WEIGHT = 1e-6


class PinballLoss(nn.Module):
    """mean of max(q (y - x), (q - 1) (y - x)), x the prediction, y the target; each value with its weight.

    Least where a share q of the targets lies below the prediction [koenker1978quantiles]. The mean is over the values
    of an image, then over the images in which something has weight, as the scores' is.

    Args:
        quantile: q, in (0, 1); at 0.5 the loss is half of the L1.
    """

    def __init__(self, *, quantile: float) -> None:
        super().__init__()
        self.quantile = quantile

    def forward(
        self,
        prediction: Float[Tensor, "batch *shape"],
        target: Float[Tensor, "batch *shape"],
        weight: Float[Tensor, "batch *shape"],
    ) -> Float[Tensor, ""]:
        """Scalar >= 0, in the unit of the values; 0 where nothing has weight."""
        above = target - prediction
        each = (self.quantile * above).maximum((self.quantile - 1) * above)
        total = weight.flatten(1).sum(1)
        means = (weight * each).flatten(1).sum(1) / total.clamp(min=SMALLEST_WEIGHT)
        return means.sum() / (total > SMALLEST_WEIGHT).sum().clamp(min=1)


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
    x, y = (luminance(image)[0].clamp(min=DARKEST / 10) for image in (prediction, target))
    stops = torch.log2(x) - torch.log2(y)
    # Sums over all pixels with weights, and the median by sorting: to choose pixels, the host would wait for a GPU.
    ranked = torch.where(well, stops, torch.inf).flatten().sort().values
    some = well.any()
    middle = ranked.gather(0, (well.sum() - 1).clamp(min=0)[None] // 2)[0].where(some, torch.zeros_like(ranked[0]))
    weight = torch.where(well, 1.0, SHADOWS) * seen
    error = (weight * (stops - middle.detach()).abs()).sum() / weight.sum().clamp(min=SHADOWS)
    return some * (error + EXPOSURE * middle.abs())


FLOOR = 1e-5
"""Mean squared error below which an image is good enough: 50 dB."""


class AlignedLogErrorLoss(nn.Module):
    """mean over images of log10 MSE in PU21 / 256 and in mu-law units, half each: -1/10 of the mean of both PSNRs, dB.

    Every image counts alike, whether its lights are three stops above white or eight.

    Args:
        white: luminance of linear 1.0 in cd/m^2.
    """

    def __init__(self, *, white: float = 200.0) -> None:
        super().__init__()
        self.white = white

    def forward(self, prediction: EncodedRGB, target: EncodedRGB) -> Float[Tensor, ""]:
        """Scalar from encoded images of one shape, (B, 3, H, W); not bounded below 0."""
        aligned = prediction * alignment_gain(prediction, target) ** (1 / HDM_GAMMA)
        scale = reference_scale(target)
        errors = (
            (pu21_encode(self.white * decode_gamma(aligned)) - pu21_encode(self.white * decode_gamma(target)))
            / PU21_PEAK,
            mu_law_tone_map(aligned, scale) - mu_law_tone_map(target, scale),
        )
        logs = [(error.square().mean((-3, -2, -1)) + FLOOR).log10().mean() for error in errors]
        return torch.stack(logs).mean()
