"""Rempel et al. 2007, Ldr2Hdr: on-the-fly reverse tone mapping with a brightness boost that stops at edges."""

import cv2
import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from twostage_hdr.expansion.luminance_expansion import (
    DisplayRGB,
    LdrFrame,
    connected_regions,
    display_range,
    for_each_image,
)
from twostage_hdr.expansion.normalized_convolution import gaussian_blur
from twostage_hdr.radiometry.quantities import RelativeLuminance

BOOST = 4.0
"""Largest brightness boost: (1 + 3 E)."""

PAPER_MAX_OUTPUT = 4 * 1200.0
"""Peak of the paper, cd/m^2: a display of 1200 cd/m^2, boosted fourfold."""

REFERENCE_SIDE = 1920
"""Longer side, in pixels, of the images for which the paper gives its blur."""

GRADIENT_LIMIT = 0.05
"""Gradient of relative linear luminance that stops the flood fill."""

REACH = 1e-3
"""Brightness below which the flood fill does not go."""


def rempel2007(
    frame: LdrFrame,
    *,
    threshold: float = 250 / 255,
    black_level: float = 0.3,
    sigma: float | None = None,
) -> DisplayRGB:
    """Stretch linearly, then boost around clipped pixels up to the next edge [rempel2007].

        Lexp = (peak / 4 - black) L + black;    L' = (1 + 3 E) Lexp,    E = brightness * edge stopping

    Brightness is the blurred mask of pixels with luminance above the threshold; edge stopping a flood fill from the
    mask, bounded by gradients, opened by 3x3 pixels. Unclipped content is linear up to a quarter of `peak`, which
    is reached inside clipped regions wider than the blur. Black stays black: it has no colour to carry the black level.

    Args:
        threshold: clipped above this, encoded: 250/255 for photographs, 230/255 for video.
        black_level: luminance of the display's black, cd/m^2.
        sigma: blur of the mask in pixels; None is 30 px at 1920 px, in proportion to the longer side.
    """
    span = display_range(frame.peak / BOOST, black_level)
    L = frame.L
    if sigma is None:
        sigma = max(30 * max(L.shape[-2:]) / REFERENCE_SIDE, 1.0)
    E = brightness_enhancement(L, threshold**frame.gamma, sigma)
    return frame.with_luminance((1 + (BOOST - 1) * E) * (span * L + black_level))


def brightness_enhancement(relative: RelativeLuminance, threshold: float, sigma: float) -> RelativeLuminance:
    """The map E, 0..1: closeness to clipped pixels (above `threshold`, linear), 0 beyond the next edge."""
    clipped = relative > threshold
    brightness = gaussian_blur(clipped.to(relative.dtype), sigma)
    passable = (gradient_magnitude(relative) < GRADIENT_LIMIT) & (brightness > REACH)
    filled = for_each_image(_flood_fill, clipped, passable).to(relative.dtype)
    return brightness * gaussian_blur(filled, 1.0)


def gradient_magnitude(relative: RelativeLuminance) -> RelativeLuminance:
    """Magnitude of the 5x5 Sobel gradient whose absolute weights sum to 1; wide, so that edges are thick."""
    smooth, difference = relative.new_tensor([1, 4, 6, 4, 1]), relative.new_tensor([-1, -2, 0, 2, 1])
    along_x = torch.outer(smooth, difference) / 96
    planes = F.pad(relative.reshape(-1, 1, *relative.shape[-2:]), (2, 2, 2, 2), mode="replicate")
    dx, dy = F.conv2d(planes, torch.stack([along_x, along_x.T])[:, None]).unbind(1)
    return torch.hypot(dx, dy).reshape(relative.shape)


def _flood_fill(seeds: Tensor, passable: Tensor) -> Tensor:
    """Seeds and what can be reached from them over passable pixels; specks thinner than 3 px are opened away."""
    labels, _ = connected_regions(seeds | passable)
    reached = np.isin(labels, np.unique(labels[seeds.cpu().numpy()]))
    opened = cv2.morphologyEx(reached.astype(np.uint8), cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
    return torch.from_numpy(opened).to(device=seeds.device, dtype=seeds.dtype)
