"""The response of a camera that nobody knows: one of several kinds, its three channels not quite alike."""

from collections.abc import Callable

import numpy as np
import torch

from twostage_hdr.camera.measured_responses import MeasuredResponses
from twostage_hdr.camera.response import SigmoidResponse
from twostage_hdr.errors import InputError
from twostage_hdr.radiometry.quantities import EncodedRGB, LinearRGB
from twostage_hdr.radiometry.srgb import srgb_encode

Response = Callable[[LinearRGB, np.random.Generator], EncodedRGB]
"""Linear values in [0, 1] to encoded ones, (3, H, W)."""


class AnyResponse:
    """Draws a kind of response for each capture, then the response.

    Kinds: sigmoids, fitted to measured cameras [eilertsen2017hdrcnn]; gammas; sRGB (IEC 61966-2-1); S curves, which are
    sRGB with a toe and a shoulder of random strength, as picture styles add them; and a user's measured curves
    [grossberg2003emor].

    Args:
        sigmoid: how many in ten are sigmoids.
        gamma: of gammas.
        srgb: of plain sRGB.
        s_curve: of S curves.
        measured: of measured curves; 0 where no file is given.
        n_std, s_std: deviations of the sigmoid's n and s; the source's are 0.1 and 0.1, photographs vary more.
        gamma_low, gamma_high: range of the gammas.
        strength: greatest strength of an S curve, below 1.
        channels: deviation of the exponent between R, G and B; 0 for three equal curves.
        file: text of DoRF or EMoR curves, see `MeasuredResponses`.
    """

    def __init__(
        self,
        *,
        sigmoid: float = 5,
        gamma: float = 1.5,
        srgb: float = 1.5,
        s_curve: float = 2,
        measured: float = 3,
        n_std: float = 0.12,
        s_std: float = 0.15,
        gamma_low: float = 1.8,
        gamma_high: float = 2.6,
        strength: float = 0.6,
        channels: float = 0.01,
        file: str | None = None,
    ) -> None:
        weights = [sigmoid, gamma, srgb, s_curve, measured if file else 0]
        if min(weights) < 0 or sum(weights) <= 0:
            raise InputError("camera.response", f"weights {weights}", "give numbers >= 0, not all of them 0")
        if not 0 < gamma_low <= gamma_high or not 0 <= strength < 1 or channels < 0:
            seen = f"gamma=({gamma_low}, {gamma_high}), strength={strength}, channels={channels}"
            cure = "give 0 < low <= high, a strength in [0, 1) and a deviation >= 0"
            raise InputError("camera.response", seen, cure)
        self._weights = np.array(weights, dtype=np.float64) / sum(weights)
        self._gamma, self._strength, self._channels = (gamma_low, gamma_high), strength, channels
        self._sigmoid = SigmoidResponse(n_std=n_std, s_std=s_std)
        self._measured = MeasuredResponses(file) if file else None

    def __call__(self, linear: LinearRGB, rng: np.random.Generator) -> EncodedRGB:
        """Encode linear values in [0, 1] to [0, 1] with a newly drawn curve."""
        exponents = torch.from_numpy(rng.normal(1, self._channels, (3, 1, 1)).clip(0.8, 1.25)).to(linear)
        kind = self._kinds()[int(rng.choice(len(self._weights), p=self._weights))]
        return kind(linear, rng).clamp(0, 1) ** exponents

    def _kinds(self) -> list[Response]:
        kinds: list[Response] = [self._sigmoid, self._power, lambda linear, _: srgb_encode(linear), self._contrast]
        return kinds if self._measured is None else [*kinds, self._measured]

    def _power(self, linear: LinearRGB, rng: np.random.Generator) -> EncodedRGB:
        return linear ** (1 / float(rng.uniform(*self._gamma)))

    def _contrast(self, linear: LinearRGB, rng: np.random.Generator) -> EncodedRGB:
        """y + c y (1 - y) (2 y - 1) of sRGB values y: darker shadows, brighter lights, both ends where they are."""
        y = srgb_encode(linear)
        return y + float(rng.uniform(0, self._strength)) * y * (1 - y) * (2 * y - 1)
