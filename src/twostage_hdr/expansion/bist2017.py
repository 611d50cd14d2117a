"""Bist et al. 2017, tone expansion by lighting style: a gamma chosen from the median lightness. Unverified."""

from twostage_hdr.expansion.luminance_expansion import linearise, peak_luminance, with_luminance
from twostage_hdr.radiometry.gamma import HDM_GAMMA
from twostage_hdr.radiometry.photometry import WHITE
from twostage_hdr.radiometry.quantile import quantile
from twostage_hdr.radiometry.quantities import EncodedRGB, LinearRGB, RelativeLuminance

DARKEST_MEDIAN = 0.01
"""Smallest median lightness, 0..1, that is believed (our guard): a black median would ask for an infinite gamma."""


def bist2017(
    ldr: EncodedRGB,
    *,
    gamma: float = HDM_GAMMA,
    white: float = WHITE,
    max_output: float | None = None,
    saturation: float = 1.0,
) -> LinearRGB:
    """Gamma-expand so that the style of lighting survives [bist2017]: Y' = max_output Y^g.

        g = 1 + log10(1 / median L*),    L* in [0, 1]

    UNVERIFIED: the formula was not confirmed in the paper, and the paper's mild gain of saturation is not known; it is
    off (1.0) unless asked for, as C' = Y' (1 + s (C/Y - 1)), cut at 0. Monotone; linear 1.0 becomes `max_output`.

    Args:
        ldr: (3,H,W) or (B,3,H,W), encoded, [0, 1].
        gamma: exponent that linearises it.
        white: luminance of linear 1.0 in the LDR frame, cd/m^2; only sets the default peak here.
        max_output: luminance of linear 1.0 in the result, cd/m^2; None is 10 x white.
        saturation: s above.

    Returns:
        Linear RGB, cd/m^2.
    """
    peak = peak_luminance(white, max_output)
    linear, Y = linearise(ldr, gamma)
    median = quantile(lightness(Y).flatten(-3), 0.5)[..., None, None, None]
    g = 1 - median.clamp(min=DARKEST_MEDIAN).log10()
    expanded = peak * Y**g
    return (expanded + saturation * (with_luminance(linear, Y, expanded) - expanded)).clamp(min=0)


def lightness(relative: RelativeLuminance) -> RelativeLuminance:
    """CIE 1976 L* / 100 of luminance relative to white, 0..1."""
    linear_part = relative * (29 / 3) ** 3 / 100
    cubic = 1.16 * relative.clamp(min=1e-12) ** (1 / 3) - 0.16
    return cubic.where(relative > (6 / 29) ** 3, linear_part)
