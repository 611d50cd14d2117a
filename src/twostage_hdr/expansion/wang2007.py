"""Wang et al. 2007, high dynamic range image hallucination: extrapolate the light of clipped regions."""

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from twostage_hdr.expansion.luminance_expansion import (
    LOG_FLOOR,
    DisplayRGB,
    LdrFrame,
    connected_regions,
    for_each_image,
)
from twostage_hdr.radiometry.exposure import clipped_mask

SMALLEST_REGION = 9
"""Clipped regions of fewer pixels stay at white: their surroundings say nothing about a peak."""

RING = 0.5
"""Width of the surroundings to which a region's light is fitted, in radii of a disc of the region's area."""


def wang2007(frame: LdrFrame, *, threshold: float = 254 / 255) -> DisplayRGB:
    """Fill clipped regions with a lobe of light fitted to their surroundings [wang2007].

    The light of a region is an elliptical Gaussian, ln I = a - b q, with q the squared distance from its centre in
    units of its own ellipse (1 at the rim), and a, b >= 0 fitted to the unclipped ring around it; it lies between
    white and `peak`. Pixels outside the regions keep white L.

    An approximation: the paper fits several lobes, and its user draws the regions and the strokes from which texture is
    taken for them; here there is no user and no texture.

    Args:
        threshold: a pixel whose largest channel reaches it is clipped, encoded; 248/255 for HdM frames.
    """
    L, fill = frame.L, clipped_mask(frame.encoded, threshold)
    ceiling = float(np.log(max(frame.peak / frame.white, 1)))
    light = for_each_image(lambda one, mask: _lobes(one, mask, ceiling), L, fill)
    return frame.with_luminance(frame.white * torch.where(fill, L * light.exp(), L))


def _lobes(relative: Tensor, fill: Tensor, ceiling: float) -> Tensor:
    """ln of the light in the regions over white, 0 elsewhere, (H, W)."""
    labels, statistics = connected_regions(fill)
    luminance = relative.detach().cpu().numpy()
    light = np.zeros_like(luminance)
    for label in range(1, len(statistics)):
        left, top, width, height, area = (int(entry) for entry in statistics[label])
        if area < SMALLEST_REGION:
            continue
        reach = max(2, round(RING * (area / np.pi) ** 0.5))
        window = np.s_[max(top - reach, 0) : top + height + reach, max(left - reach, 0) : left + width + reach]
        inside = labels[window] == label
        disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1, 2 * reach + 1))
        ring = cv2.dilate(inside.astype(np.uint8), disc).astype(bool) & (labels[window] == 0)
        light[window][inside] = _fitted_lobe(luminance[window], inside, ring, ceiling)
    return torch.from_numpy(light).to(relative)


def _fitted_lobe(
    luminance: NDArray[np.floating], inside: NDArray[np.bool_], ring: NDArray[np.bool_], ceiling: float
) -> NDArray[np.floating]:
    """ln I at the pixels inside: a - b q fitted to the ring; 0 (white) where the ring says nothing of a peak."""
    q = _ellipse_distance(inside)
    near, level = q[ring], np.log(luminance[ring] + LOG_FLOOR)
    spread = near.var() if len(near) else 0.0
    if spread == 0:
        return np.zeros(int(inside.sum()))
    b = max(-((near - near.mean()) * (level - level.mean())).mean() / spread, 0.0)
    # the lobe passes through white at the rim, q = 1, because that is where the frame clipped
    return (b * (1 - q[inside])).clip(0, ceiling)


def _ellipse_distance(inside: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Squared distance from the region's centre in units of the ellipse with its second moments, 1 at that rim."""
    points = np.argwhere(inside).astype(np.float64)
    moments = np.atleast_2d(np.cov(points, rowvar=False)) + np.eye(2) / 12  # a pixel is not a point
    offsets = np.indices(inside.shape).reshape(2, -1).T - points.mean(0)
    squared = (offsets @ np.linalg.inv(moments) * offsets).sum(1)
    return squared.reshape(inside.shape) / 4  # an even ellipse has its rim at two standard deviations
