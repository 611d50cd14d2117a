"""Kuo et al. 2012, content-adaptive inverse tone mapping: Schlick's curve inverted, smoothed in the highlights."""

import math

from torch.nn import functional as F

from twostage_hdr.expansion.bilateral import cross_bilateral
from twostage_hdr.expansion.luminance_expansion import PER_IMAGE, DisplayRGB, LdrFrame
from twostage_hdr.expansion.normalized_convolution import box_mean
from twostage_hdr.radiometry.quantities import RelativeLuminance


def kuo2012(frame: LdrFrame, *, brightness: float = 30.0) -> DisplayRGB:
    """Invert Schlick's uniform quantisation and smooth the expanded highlights [kuo2012].

        Lexp = peak L / (p (1 - L) + L);    L' = (1 - E) Lexp + E mean5x5(Lexp)

    E is a cross-bilateral of the bright, large features of L. The paper chooses the peak by a trained classifier of
    scenes (indoor, outdoor, day, night), which is not published; `peak` stands in for it. Linear 1.0 becomes
    `peak`, and mid-tones fall far below it (0.5 becomes peak / 31).

    Args:
        brightness: p of the paper.
    """
    L = frame.L
    expanded = frame.peak * L / (brightness * (1 - L).clamp(min=0) + L)
    E = highlight_map(L, frame.gamma)
    return frame.with_luminance(expanded.lerp(box_mean(expanded, 5), E))


def highlight_map(relative: RelativeLuminance, gamma: float) -> RelativeLuminance:
    """Luminance of features brighter than the brightest mean over a tenth of the image, spread by cross-bilateral."""
    side = math.ceil(0.1 * max(relative.shape[-2:]))
    brightest_mean = box_mean(relative, side).amax(PER_IMAGE, keepdim=True)
    darker = (relative < brightest_mean).to(relative.dtype).reshape(-1, 1, *relative.shape[-2:])
    eroded = 1 - F.max_pool2d(darker, 3, stride=1, padding=1).reshape(relative.shape)
    sigma_range = (100 / 255) ** gamma
    bright = cross_bilateral(relative * eroded, relative, sigma_space=max(side / 5, 1.0), sigma_range=sigma_range)
    return bright.clamp(0, 1)
