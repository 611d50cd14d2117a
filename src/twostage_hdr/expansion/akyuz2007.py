"""Akyüz et al. 2007, do HDR displays support LDR content: a linear stretch is enough."""

import torch

from twostage_hdr.expansion.luminance_expansion import PER_IMAGE, DisplayRGB, LdrFrame


def akyuz2007(frame: LdrFrame, *, exponent: float = 1.0) -> DisplayRGB:
    """Stretch the image's own range over the display's [akyuz2007]: L' = peak ((L - Lmin) / (Lmax - Lmin))^g.

    Global and monotone; the brightest pixel becomes exactly `peak`, the darkest 0. A flat image has no range to
    stretch: there Lmin = 0 and Lmax = 1 are taken, so that it keeps its place between black and white.

    Args:
        exponent: g of the paper; 1 was preferred by its observers.
    """
    L = frame.L
    low, high = L.amin(PER_IMAGE, keepdim=True), L.amax(PER_IMAGE, keepdim=True)
    flat = high == low
    low, high = torch.where(flat, 0, low), torch.where(flat, 1, high)
    return frame.with_luminance(frame.peak * ((L - low) / (high - low)) ** exponent)
