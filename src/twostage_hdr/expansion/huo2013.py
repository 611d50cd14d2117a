"""Huo et al. 2013, physiological inverse tone mapping: the retina's response, inverted with local adaptation."""

from twostage_hdr.expansion.bilateral import cross_bilateral
from twostage_hdr.expansion.luminance_expansion import DisplayRGB, LdrFrame, log_mean, maximum


def huo2013(frame: LdrFrame, *, exponent: float = 0.86) -> DisplayRGB:
    """Invert R / Rmax = I^n / (I^n + s^n) with the LDR frame as the response [huo2013].

        L' = (L / max L) (S^n + s^n)^(1/n),    S = peak * surround,    s = peak * log mean of L

    The surround is L after two bilateral filters, (16 px, 0.3) and (10 px, 0.1). `peak` scales the result but
    does not bound it: a white image comes out at 2^(1/n) peak = 2.24 peak.

    Args:
        exponent: n of the paper.
    """
    L = frame.L
    surround = cross_bilateral(L, L, sigma_space=16.0, sigma_range=0.3)
    surround = cross_bilateral(surround, surround, sigma_space=10.0, sigma_range=0.1)
    adapted = (surround.clamp(min=0) ** exponent + log_mean(L) ** exponent) ** (1 / exponent)
    return frame.with_luminance(frame.peak * L / maximum(L) * adapted)
