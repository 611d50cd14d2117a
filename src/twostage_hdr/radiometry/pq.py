"""The perceptual quantizer (PQ) of SMPTE ST 2084 [st2084]."""

import torch
from jaxtyping import Float
from torch import Tensor

from twostage_hdr.radiometry.photometry import PQ_PEAK
from twostage_hdr.radiometry.quantities import Luminance

M1 = 2610 / 16384
M2 = 2523 / 4096 * 128
C1 = 3424 / 4096
C2 = 2413 / 4096 * 32
C3 = 2392 / 4096 * 32

SMALLEST_CODE = 1e-7
"""Below it codes are read as this one, which is black as well (7.3e-7 is 0 cd/m^2): it keeps gradients finite at 0."""

PQCode = Float[Tensor, "*shape"]
"""PQ code values as a share of full scale, [0, 1]."""


def pq_encode(luminance: Luminance) -> PQCode:
    """Code values of luminances (or of R, G, B in cd/m^2), which are clamped to [0, 10000].

    The exact slope at 0 is infinite; the gradient there is 0, so that it is finite everywhere.
    """
    relative = luminance.clamp(max=PQ_PEAK) / PQ_PEAK
    positive = relative > 0
    power = torch.where(positive, torch.where(positive, relative, 1) ** M1, 0)
    return ((C1 + C2 * power) / (1 + C3 * power)) ** M2


def pq_decode(code: PQCode) -> Luminance:
    """Luminances in cd/m^2 of code values, which are clamped to [0, 1].

    In float32 a bright value comes back from its code to about 1e-4 of itself, as the curve is that flat there.
    """
    power = code.clamp(SMALLEST_CODE, 1) ** (1 / M2)
    return PQ_PEAK * ((power - C1).clamp(min=0) / (C2 - C3 * power)) ** (1 / M1)
