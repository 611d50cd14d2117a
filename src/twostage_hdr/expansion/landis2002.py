"""Landis 2002, production-ready global illumination: expand what lies above a threshold."""

import torch

from twostage_hdr.expansion.luminance_expansion import DisplayRGB, LdrFrame, maximum


def landis2002(frame: LdrFrame, *, exponent: float = 2.0, threshold: float = 0.5) -> DisplayRGB:
    """Blend from the LDR frame to one expanded linearly, the more the brighter [landis2002].

        w = ((L - t) / (max L - t))^a for L >= t, else 0;    L' = white L (1 - w) + peak L w

    Global and monotone in luminance. L = 1 becomes `peak`; an image whose maximum does not exceed the threshold
    is not expanded.

    Args:
        exponent: a of the paper.
        threshold: t of the paper, relative linear luminance.
    """
    L = frame.L
    span = maximum(L) - threshold
    # where the span is empty nothing lies above the threshold, and the numerator is 0 as well
    share = (L - threshold).clamp(min=0) / torch.where(span > 0, span, 1)
    w = share**exponent
    return frame.with_luminance(L * (frame.white * (1 - w) + frame.peak * w))
