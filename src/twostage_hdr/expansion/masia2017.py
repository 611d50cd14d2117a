"""Masia et al. 2017, dynamic range expansion based on image statistics: a gamma from key, log average and clipping."""

from twostage_hdr.expansion.luminance_expansion import PER_IMAGE, linearise, log_mean, peak_luminance, with_luminance
from twostage_hdr.expansion.masia2009 import image_key
from twostage_hdr.radiometry.gamma import HDM_GAMMA
from twostage_hdr.radiometry.photometry import WHITE
from twostage_hdr.radiometry.quantities import EncodedRGB, LinearRGB

ROUNDING = 1e-6
"""Luminance of a white pixel may come out this much below 1 in float32."""


def masia2017(
    ldr: EncodedRGB,
    *,
    gamma: float = HDM_GAMMA,
    white: float = WHITE,
    max_output: float | None = None,
    threshold: float = 254 / 255,
    minimum_gamma: float = 1.0,
) -> LinearRGB:
    """Global gamma expansion [masia2017]: L' = max_output L^g.

        g = 2.4379 + 0.2319 ln Lav - 1.1228 k + 0.0085 p

    with k the key, Lav the log average and p the percentage of pixels whose luminance reaches the `threshold`. Dark
    images push g to 0 and below, which inverts them, and g < 1 brightens shadows instead of expanding; so g is not let
    below `minimum_gamma` (1, a linear stretch). An image without a key (flat) gets g = `minimum_gamma` as well.
    Monotone; linear 1.0 becomes exactly `max_output`.

    Args:
        ldr: (3,H,W) or (B,3,H,W), encoded, [0, 1].
        gamma: exponent that linearises it.
        white: luminance of linear 1.0 in the LDR frame, cd/m^2; only sets the default peak here.
        max_output: luminance of linear 1.0 in the result, cd/m^2; None is 10 x white.
        threshold: over-exposed from here on, encoded; HdM frames clip at 248/255 [ntire2021hdr].
        minimum_gamma: smallest g; the paper has none.

    Returns:
        Linear RGB, cd/m^2.
    """
    peak = peak_luminance(white, max_output)
    linear, L = linearise(ldr, gamma)
    overexposed = threshold**gamma - ROUNDING <= L
    p = 100 * overexposed.to(L.dtype).mean(PER_IMAGE, keepdim=True)
    g = 2.4379 + 0.2319 * log_mean(L).log() - 1.1228 * image_key(L) + 0.0085 * p
    g = g.nan_to_num(nan=minimum_gamma).clamp(min=minimum_gamma)
    return with_luminance(linear, L, peak * L**g)
