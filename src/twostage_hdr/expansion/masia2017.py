"""Masia et al. 2017, dynamic range expansion based on image statistics: a gamma from key, log average and clipping."""

from twostage_hdr.expansion.luminance_expansion import PER_IMAGE, DisplayRGB, LdrFrame, log_mean
from twostage_hdr.expansion.masia2009 import image_key

ROUNDING = 1e-6
"""Luminance of a white pixel may come out this much below 1 in float32."""


def masia2017(frame: LdrFrame, *, threshold: float = 254 / 255, minimum_gamma: float = 1.0) -> DisplayRGB:
    """Global gamma expansion [masia2017]: L' = peak L^g.

        g = 2.4379 + 0.2319 ln Lav - 1.1228 k + 0.0085 p

    with k the key, Lav the log average and p the percentage of pixels whose luminance reaches the `threshold`. Dark
    images push g to 0 and below, which inverts them, and g < 1 brightens shadows instead of expanding; so g is not let
    below `minimum_gamma` (1, a linear stretch). An image without a key (flat) gets g = `minimum_gamma` as well.
    Monotone; linear 1.0 becomes exactly `peak`.

    Args:
        threshold: over-exposed from here on, encoded; HdM frames clip at 248/255 [ntire2021hdr].
        minimum_gamma: smallest g; the paper has none.
    """
    L = frame.L
    overexposed = threshold**frame.gamma - ROUNDING <= L
    p = 100 * overexposed.to(L.dtype).mean(PER_IMAGE, keepdim=True)
    g = 2.4379 + 0.2319 * log_mean(L).log() - 1.1228 * image_key(L) + 0.0085 * p
    g = g.nan_to_num(nan=minimum_gamma).clamp(min=minimum_gamma)
    return frame.with_luminance(frame.peak * L**g)
