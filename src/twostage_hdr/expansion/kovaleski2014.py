"""Kovaleski and Oliveira 2014, reverse tone mapping for many exposures: a boost by cross-bilateral filter."""

from twostage_hdr.expansion.bilateral import cross_bilateral
from twostage_hdr.expansion.luminance_expansion import DisplayRGB, LdrFrame, display_range
from twostage_hdr.radiometry.exposure import clipped_mask

REFERENCE_SIDE = 1920
"""Longer side, in pixels, of the images for which the paper gives its spatial sigma."""

PAPER_MAX_OUTPUT = 1200.0
"""Peak of the paper's display, cd/m^2."""


def kovaleski2014(
    frame: LdrFrame,
    *,
    threshold: float = 254 / 255,
    black_level: float = 0.3,
    sigma_space: float | None = None,
    sigma_range: float = 25 / 255,
) -> DisplayRGB:
    """Stretch linearly and boost what is like, and near, clipped pixels [kovaleski2014].

        E = (3 bilateral(clipped | L) + 1) / 4;    L' = ((peak - black) L + black) E

    Unclipped content far from clipped pixels is linear up to a quarter of `peak`; a white image reaches it.

    Args:
        threshold: a pixel whose largest channel reaches it is clipped, encoded; 230/255 for video.
        black_level: luminance of the display's black, cd/m^2.
        sigma_space: of the bilateral filter in pixels; None is 150 px at 1920 px, in proportion to the longer side.
        sigma_range: of the bilateral filter, relative linear luminance.
    """
    span = display_range(frame.peak, black_level)
    L = frame.L
    if sigma_space is None:
        sigma_space = max(150 * max(L.shape[-2:]) / REFERENCE_SIDE, 1.0)
    clipped = clipped_mask(frame.encoded, threshold).to(L.dtype)
    E = (3 * cross_bilateral(clipped, L, sigma_space=sigma_space, sigma_range=sigma_range) + 1) / 4
    return frame.with_luminance((span * L + black_level) * E)
