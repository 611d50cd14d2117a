"""Camera response curves: what the camera does to linear light before it rounds to 8 bits."""

import numpy as np

from twostage_hdr.errors import InputError
from twostage_hdr.radiometry.gamma import HDM_GAMMA
from twostage_hdr.radiometry.quantities import EncodedRGB, LinearRGB

SMALLEST_PARAMETER = 0.05
"""Floor of the drawn n and s: at 0 the curve is constant or a step. More than 5 default deviations below the means."""


class GammaResponse:
    """H^(1/gamma): the same curve for every capture; 2.24 is that of the HdM data [ntire2021hdr]."""

    def __init__(self, *, gamma: float = HDM_GAMMA) -> None:
        if not gamma > 0:
            cure = f"give a number above 0, {HDM_GAMMA} for HdM-like frames"
            raise InputError("camera.response", f"gamma={gamma}", cure)
        self.gamma = gamma

    def __call__(self, linear: LinearRGB, rng: np.random.Generator) -> EncodedRGB:
        """Encode linear values in [0, 1] to [0, 1]; draws nothing."""
        return linear ** (1 / self.gamma)


class SigmoidResponse:
    """f(H) = (1 + s) H^n / (H^n + s): a random camera per capture [eilertsen2017hdrcnn].

    n and s are normal; f(0) = 0 and f(1) = 1 for every draw. The defaults are the source's fit to the database of
    real response curves.

    Args:
        n_mean, n_std: exponent, dimensionless.
        s_mean, s_std: half-saturation term, dimensionless; small s lifts the shadows more.
    """

    def __init__(self, *, n_mean: float = 0.9, n_std: float = 0.1, s_mean: float = 0.6, s_std: float = 0.1) -> None:
        if min(n_mean, s_mean) <= 0 or min(n_std, s_std) < 0:
            seen = f"n={n_mean}±{n_std}, s={s_mean}±{s_std}"
            raise InputError("camera.response", seen, "give means > 0 and deviations >= 0")
        self.n_mean, self.n_std = n_mean, n_std
        self.s_mean, self.s_std = s_mean, s_std

    def __call__(self, linear: LinearRGB, rng: np.random.Generator) -> EncodedRGB:
        """Encode linear values in [0, 1] to [0, 1] with a newly drawn curve."""
        n = max(float(rng.normal(self.n_mean, self.n_std)), SMALLEST_PARAMETER)
        s = max(float(rng.normal(self.s_mean, self.s_std)), SMALLEST_PARAMETER)
        power = linear**n
        return (1 + s) * power / (power + s)
