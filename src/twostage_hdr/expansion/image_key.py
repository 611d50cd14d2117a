"""The key of an image: how bright its average is within its own range."""

import torch
from jaxtyping import Float
from torch import Tensor

from twostage_hdr.expansion.luminance_expansion import LOG_FLOOR, log_mean
from twostage_hdr.radiometry.quantile import quantile
from twostage_hdr.radiometry.quantities import RelativeLuminance


def image_key(relative: RelativeLuminance) -> Float[Tensor, "*batch 1 1 1"]:
    """k = (ln Lav - ln L1%) / (ln L99% - ln L1%) [masia2009], 0..1 but for outliers.

    NaN for an image whose 1st and 99th percentile agree: it has no range, so no key. Callers decide what that means.
    """
    low, high = ((quantile(relative.flatten(-3), q)[..., None, None, None] + LOG_FLOOR).log() for q in (0.01, 0.99))
    span = high - low
    return torch.where(span > 0, (log_mean(relative).log() - low) / span, torch.nan)
