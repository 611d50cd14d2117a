"""Akyüz et al. 2007, do HDR displays support LDR content: a linear stretch is enough."""

import torch

from twostage_hdr.expansion.luminance_expansion import PER_IMAGE, linearise, peak_luminance, with_luminance
from twostage_hdr.radiometry.gamma import HDM_GAMMA
from twostage_hdr.radiometry.photometry import WHITE
from twostage_hdr.radiometry.quantities import EncodedRGB, LinearRGB


def akyuz2007(
    ldr: EncodedRGB,
    *,
    gamma: float = HDM_GAMMA,
    white: float = WHITE,
    max_output: float | None = None,
    exponent: float = 1.0,
) -> LinearRGB:
    """Stretch the image's own range over the display's [akyuz2007]: L' = max_output ((L - Lmin) / (Lmax - Lmin))^g.

    Global and monotone; the brightest pixel becomes exactly `max_output`, the darkest 0. A flat image has no range to
    stretch: there Lmin = 0 and Lmax = 1 are taken, so that it keeps its place between black and white.

    Args:
        ldr: (3,H,W) or (B,3,H,W), encoded, [0, 1].
        gamma: exponent that linearises it.
        white: luminance of linear 1.0 in the LDR frame, cd/m^2; only sets the default peak here.
        max_output: luminance of the brightest pixel, cd/m^2; None is 10 x white.
        exponent: g of the paper; 1 was preferred by its observers.

    Returns:
        Linear RGB, cd/m^2.
    """
    peak = peak_luminance(white, max_output)
    linear, L = linearise(ldr, gamma)
    low, high = L.amin(PER_IMAGE, keepdim=True), L.amax(PER_IMAGE, keepdim=True)
    flat = high == low
    low, high = torch.where(flat, 0, low), torch.where(flat, 1, high)
    return with_luminance(linear, L, peak * ((L - low) / (high - low)) ** exponent)
