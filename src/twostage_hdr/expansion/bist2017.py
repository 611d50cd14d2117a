"""Bist et al. 2017, tone expansion by lighting style: a gamma chosen from the median lightness. Unverified."""

from twostage_hdr.expansion.luminance_expansion import DisplayRGB, LdrFrame
from twostage_hdr.radiometry.quantile import quantile
from twostage_hdr.radiometry.quantities import RelativeLuminance

DARKEST_MEDIAN = 0.01
"""Smallest median lightness, 0..1, that is believed (our guard): a black median would ask for an infinite gamma."""


def bist2017(frame: LdrFrame, *, saturation: float = 1.0) -> DisplayRGB:
    """Gamma-expand so that the style of lighting survives [bist2017]: Y' = peak Y^g.

        g = 1 + log10(1 / median L*),    L* in [0, 1]

    UNVERIFIED: the formula was not confirmed in the paper, and the paper's mild gain of saturation is not known; it is
    off (1.0) unless asked for, as C' = Y' (1 + s (C/Y - 1)), cut at 0. Monotone; linear 1.0 becomes `peak`.

    Args:
        saturation: s above.
    """
    Y = frame.L
    median = quantile(lightness(Y).flatten(-3), 0.5)[..., None, None, None]
    g = 1 - median.clamp(min=DARKEST_MEDIAN).log10()
    expanded = frame.peak * Y**g
    return (expanded + saturation * (frame.with_luminance(expanded) - expanded)).clamp(min=0)


def lightness(relative: RelativeLuminance) -> RelativeLuminance:
    """CIE 1976 L* / 100 of luminance relative to white, 0..1."""
    linear_part = relative * (29 / 3) ** 3 / 100
    cubic = 1.16 * relative.clamp(min=1e-12) ** (1 / 3) - 0.16
    return cubic.where(relative > (6 / 29) ** 3, linear_part)
