"""Kovaleski and Oliveira 2014, reverse tone mapping for many exposures: a boost by cross-bilateral filter."""

from twostage_hdr.expansion.bilateral import cross_bilateral
from twostage_hdr.expansion.luminance_expansion import (
    display_range,
    linearise,
    peak_luminance,
    with_luminance,
)
from twostage_hdr.radiometry.exposure import clipped_mask
from twostage_hdr.radiometry.gamma import HDM_GAMMA
from twostage_hdr.radiometry.photometry import WHITE
from twostage_hdr.radiometry.quantities import EncodedRGB, LinearRGB

REFERENCE_SIDE = 1920
"""Longer side, in pixels, of the images for which the paper gives its spatial sigma."""

PAPER_MAX_OUTPUT = 1200.0
"""Peak of the paper's display, cd/m^2."""


def kovaleski2014(
    ldr: EncodedRGB,
    *,
    gamma: float = HDM_GAMMA,
    white: float = WHITE,
    max_output: float | None = None,
    threshold: float = 254 / 255,
    black_level: float = 0.3,
    sigma_space: float | None = None,
    sigma_range: float = 25 / 255,
) -> LinearRGB:
    """Stretch linearly and boost what is like, and near, clipped pixels [kovaleski2014].

        E = (3 bilateral(clipped | L) + 1) / 4;    L' = ((max_output - black) L + black) E

    Unclipped content far from clipped pixels is linear up to a quarter of `max_output`; a white image reaches it.

    Args:
        ldr: (3,H,W) or (B,3,H,W), encoded, [0, 1].
        gamma: exponent that linearises it.
        white: luminance of linear 1.0 in the LDR frame, cd/m^2; only sets the default peak here.
        max_output: luminance of white at full boost, cd/m^2; None is 10 x white, the paper's is 1200.
        threshold: a pixel whose largest channel reaches it is clipped, encoded; 230/255 for video.
        black_level: luminance of the display's black, cd/m^2.
        sigma_space: of the bilateral filter in pixels; None is 150 px at 1920 px, in proportion to the longer side.
        sigma_range: of the bilateral filter, relative linear luminance.

    Returns:
        Linear RGB, cd/m^2.
    """
    peak = peak_luminance(white, max_output)
    span = display_range(peak, black_level)
    linear, L = linearise(ldr, gamma)
    if sigma_space is None:
        sigma_space = max(150 * max(L.shape[-2:]) / REFERENCE_SIDE, 1.0)
    clipped = clipped_mask(ldr, threshold).to(L.dtype)
    E = (3 * cross_bilateral(clipped, L, sigma_space=sigma_space, sigma_range=sigma_range) + 1) / 4
    return with_luminance(linear, L, (span * L + black_level) * E)
