"""Huo et al. 2013, physiological inverse tone mapping: the retina's response, inverted with local adaptation."""

from twostage_hdr.expansion.bilateral import cross_bilateral
from twostage_hdr.expansion.luminance_expansion import linearise, log_mean, maximum, peak_luminance, with_luminance
from twostage_hdr.radiometry.gamma import HDM_GAMMA
from twostage_hdr.radiometry.photometry import WHITE
from twostage_hdr.radiometry.quantities import EncodedRGB, LinearRGB

PAPER_MAX_OUTPUT = 3000.0
"""Peak of the paper, cd/m^2."""


def huo2013(
    ldr: EncodedRGB,
    *,
    gamma: float = HDM_GAMMA,
    white: float = WHITE,
    max_output: float | None = None,
    exponent: float = 0.86,
) -> LinearRGB:
    """Invert R / Rmax = I^n / (I^n + s^n) with the LDR frame as the response [huo2013].

        L' = (L / max L) (S^n + s^n)^(1/n),    S = max_output * surround,    s = max_output * log mean of L

    The surround is L after two bilateral filters, (16 px, 0.3) and (10 px, 0.1). `max_output` scales the result but
    does not bound it: a white image comes out at 2^(1/n) max_output = 2.24 max_output.

    Args:
        ldr: (3,H,W) or (B,3,H,W), encoded, [0, 1].
        gamma: exponent that linearises it.
        white: luminance of linear 1.0 in the LDR frame, cd/m^2; only sets the default peak here.
        max_output: luminance to which surround and adaptation are scaled, cd/m^2; None is 10 x white, the paper's 3000.
        exponent: n of the paper.

    Returns:
        Linear RGB, cd/m^2.
    """
    peak = peak_luminance(white, max_output)
    linear, L = linearise(ldr, gamma)
    surround = cross_bilateral(L, L, sigma_space=16.0, sigma_range=0.3)
    surround = cross_bilateral(surround, surround, sigma_space=10.0, sigma_range=0.1)
    adapted = (surround.clamp(min=0) ** exponent + log_mean(L) ** exponent) ** (1 / exponent)
    return with_luminance(linear, L, peak * L / maximum(L) * adapted)
