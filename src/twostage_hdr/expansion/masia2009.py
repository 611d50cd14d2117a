"""Masia et al. 2009, reverse tone mapping through varying exposure conditions: a gamma chosen from the image's key."""

import torch
from jaxtyping import Float
from torch import Tensor

from twostage_hdr.expansion.bilateral import cross_bilateral
from twostage_hdr.expansion.luminance_expansion import LOG_FLOOR, DisplayRGB, LdrFrame, log_mean
from twostage_hdr.radiometry.quantile import quantile
from twostage_hdr.radiometry.quantities import RelativeLuminance


def image_key(relative: RelativeLuminance) -> Float[Tensor, "*batch 1 1 1"]:
    """k = (ln Lav - ln L1%) / (ln L99% - ln L1%) [masia2009], 0..1 but for outliers.

    NaN for an image whose 1st and 99th percentile agree: it has no range, so no key. Callers decide what that means.
    """
    low, high = ((quantile(relative.flatten(-3), q)[..., None, None, None] + LOG_FLOOR).log() for q in (0.01, 0.99))
    span = high - low
    return torch.where(span > 0, (log_mean(relative).log() - low) / span, torch.nan)


SLOPE, OFFSET = 10.44, -6.282
"""The fit g = 10.44 k - 6.282 of preferred gammas to keys."""


def masia2009(
    frame: LdrFrame,
    *,
    sigma_space: float = 32.0,
    sigma_range: float = 0.01,
    minimum_gamma: float = 1.0,
) -> DisplayRGB:
    """Gamma-expand the bilateral base, keep the detail [masia2009]: L' = peak (L / base) base^g.

    The fit was made on over-exposed photographs. For a key below 0.70 it gives g < 1, which brightens shadows instead
    of expanding; below 0.60 g < 0, which turns the image into its negative. So g is not let below `minimum_gamma`
    (1, a linear stretch); an image without a key (flat) gets g = `minimum_gamma` as well.

    Args:
        sigma_space: the base's bilateral filter, pixels.
        sigma_range: the same, relative linear luminance.
        minimum_gamma: smallest g; the paper has none.
    """
    L = frame.L
    g = (SLOPE * image_key(L) + OFFSET).nan_to_num(nan=minimum_gamma).clamp(min=minimum_gamma)
    base = cross_bilateral(L, L, sigma_space=sigma_space, sigma_range=sigma_range)
    detail = torch.where(L > 0, L / base.clamp(min=torch.finfo(L.dtype).tiny), 0)
    return frame.with_luminance(frame.peak * detail * base**g)
