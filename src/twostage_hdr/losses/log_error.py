"""What the scores are the logarithm of: squared errors after the gain alignment, in PU21 and mu-law units."""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from twostage_hdr.losses.gain_aligned import alignment_gain
from twostage_hdr.radiometry.gamma import HDM_GAMMA, decode_gamma
from twostage_hdr.radiometry.mu_law import mu_law_tone_map, reference_scale
from twostage_hdr.radiometry.photometry import PU21_PEAK
from twostage_hdr.radiometry.pu21 import pu21_encode
from twostage_hdr.radiometry.quantities import EncodedRGB

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
