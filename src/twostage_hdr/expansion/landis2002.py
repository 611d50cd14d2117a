"""Landis 2002, production-ready global illumination: expand what lies above a threshold."""

import torch

from twostage_hdr.expansion.luminance_expansion import linearise, maximum, peak_luminance, with_luminance
from twostage_hdr.radiometry.gamma import HDM_GAMMA
from twostage_hdr.radiometry.photometry import WHITE
from twostage_hdr.radiometry.quantities import EncodedRGB, LinearRGB


def landis2002(
    ldr: EncodedRGB,
    *,
    gamma: float = HDM_GAMMA,
    white: float = WHITE,
    max_output: float | None = None,
    exponent: float = 2.0,
    threshold: float = 0.5,
) -> LinearRGB:
    """Blend from the LDR frame to one expanded linearly, the more the brighter [landis2002].

        w = ((L - t) / (max L - t))^a for L >= t, else 0;    L' = white L (1 - w) + max_output L w

    Global and monotone in luminance. L = 1 becomes `max_output`; an image whose maximum does not exceed the threshold
    is not expanded.

    Args:
        ldr: (3,H,W) or (B,3,H,W), encoded, [0, 1].
        gamma: exponent that linearises it.
        white: luminance of an unexpanded linear 1.0, cd/m^2.
        max_output: luminance of an expanded linear 1.0, cd/m^2; None is 10 x white.
        exponent: a of the paper.
        threshold: t of the paper, relative linear luminance.

    Returns:
        Linear RGB, cd/m^2.
    """
    peak = peak_luminance(white, max_output)
    linear, L = linearise(ldr, gamma)
    span = maximum(L) - threshold
    # where the span is empty nothing lies above the threshold, and the numerator is 0 as well
    share = (L - threshold).clamp(min=0) / torch.where(span > 0, span, 1)
    w = share**exponent
    return with_luminance(linear, L, L * (white * (1 - w) + peak * w))
