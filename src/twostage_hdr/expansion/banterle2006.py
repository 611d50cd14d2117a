"""Banterle et al. 2006, inverse tone mapping: the inverse of Reinhard's operator, let in where lights are dense."""

import math
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float64
from numpy.typing import NDArray
from torch import Tensor

from twostage_hdr.expansion.bilateral import cross_bilateral
from twostage_hdr.expansion.luminance_expansion import DisplayRGB, LdrFrame, for_each_image, maximum
from twostage_hdr.expansion.normalized_convolution import gaussian_blur
from twostage_hdr.radiometry.quantities import RelativeLuminance

Region = tuple[int, int, int, int]
"""Top, bottom, left, right in pixels; bottom and right are exclusive."""


class Lights(NamedTuple):
    """Point lights, one per region."""

    y: Float64[np.ndarray, "lights"]
    """Row of the region's luminance centroid, pixels."""
    x: Float64[np.ndarray, "lights"]
    """Column of the region's luminance centroid, pixels."""
    energy: Float64[np.ndarray, "lights"]
    """Sum of the region's luminance."""
    area: Float64[np.ndarray, "lights"]
    """Pixels of the region."""


def median_cut(luminance: NDArray[np.floating], levels: int) -> Lights:
    """Halve the energy `levels` times along the longer side: 2**levels lights, fewer where a region is one pixel."""
    table = _summed_area(luminance)
    regions: list[Region] = [(0, luminance.shape[0], 0, luminance.shape[1])]
    for _ in range(levels):
        regions = [half for region in regions for half in _halves(table, region)]
    return _lights(luminance, table, regions)


def _summed_area(plane: NDArray[np.floating]) -> NDArray[np.float64]:
    table = np.zeros((plane.shape[0] + 1, plane.shape[1] + 1))
    plane.cumsum(0, dtype=np.float64).cumsum(1, out=table[1:, 1:])
    return table


def _halves(table: NDArray[np.float64], region: Region) -> list[Region]:
    top, bottom, left, right = region
    if bottom - top == 1 and right - left == 1:
        return [region]
    if bottom - top > right - left:
        cut = top + _middle(table[top : bottom + 1, right] - table[top : bottom + 1, left])
        return [(top, cut, left, right), (cut, bottom, left, right)]
    cut = left + _middle(table[bottom, left : right + 1] - table[top, left : right + 1])
    return [(top, bottom, left, cut), (top, bottom, cut, right)]


def _middle(cumulative: NDArray[np.float64]) -> int:
    """Where the cumulated energy passes its half, a line or more from either end; the middle of a black region."""
    lines = len(cumulative) - 1
    energy = cumulative[-1] - cumulative[0]
    if energy <= 0:
        return lines // 2
    distance = np.abs(cumulative - cumulative[0] - energy / 2)
    return int(np.clip(distance.argmin(), 1, lines - 1))


def _lights(luminance: NDArray[np.floating], table: NDArray[np.float64], regions: list[Region]) -> Lights:
    rows, columns = np.ogrid[: luminance.shape[0], : luminance.shape[1]]
    top, bottom, left, right = np.array(regions).T

    def region_sums(sums: NDArray[np.float64]) -> NDArray[np.float64]:
        return sums[bottom, right] - sums[top, right] - sums[bottom, left] + sums[top, left]

    energy = region_sums(table).clip(min=0)
    lit = np.where(energy > 0, energy, 1)
    y = np.where(energy > 0, region_sums(_summed_area(luminance * rows)) / lit, (top + bottom - 1) / 2)
    x = np.where(energy > 0, region_sums(_summed_area(luminance * columns)) / lit, (left + right - 1) / 2)
    # rounding of the tables must not push a centroid out of its region
    y, x = y.clip(top, bottom - 1), x.clip(left, right - 1)
    return Lights(y, x, energy, ((bottom - top) * (right - left)).astype(np.float64))


def banterle2006(frame: LdrFrame, *, sigma_range: float = 0.1) -> DisplayRGB:
    """Expand by the inverse of the photographic operator, weighted by an expand map [banterle2006].

        n = L / max L;    Lexp = Lw (Lmax / 2) (n - 1 + sqrt((1 - n)^2 + 4 n / Lw^2)),    Lmax = Lw = peak / white
        L' = white (L (1 - E) + Lexp E)

    The expand map E, maximum 1, is the density of light: median cut represents the image by 2^round(log2(min side) + 2)
    points, a Gaussian as wide as their mean distance estimates the density of their energy, a cross-bilateral filter
    brings it to the image's edges. An approximation: the density is divided by that of the points' areas, which makes
    it even in an even image and up to the border, where the paper discards neighbourhoods with few points. The
    brightest pixel reaches `peak` where E = 1.

    Args:
        sigma_range: the edge transfer's bilateral filter, relative linear luminance; not given in the paper.
    """
    ratio = frame.peak / frame.white
    L = frame.L
    expanded = inverse_reinhard(L / maximum(L), peak=ratio, stretch=ratio)
    E = expand_map(L, sigma_range)
    return frame.with_luminance(frame.white * L.lerp(expanded, E))


def inverse_reinhard(n: RelativeLuminance, *, peak: float, stretch: float) -> RelativeLuminance:
    """Lw (Lmax / 2) (n - 1 + sqrt((1 - n)^2 + 4 n / Lw^2)), written without the difference that cancels for small n."""
    root = ((1 - n) ** 2 + 4 * n / stretch**2).sqrt()
    return 2 * n * peak / stretch / ((1 - n) + root)


def expand_map(relative: RelativeLuminance, sigma_range: float) -> RelativeLuminance:
    """Density of light, 0..1, maximum 1 per image; 0 everywhere in a black image."""
    levels = round(math.log2(min(relative.shape[-2:])) + 2)
    spacing = max(math.sqrt(relative.shape[-2] * relative.shape[-1] / 2**levels), 1.0)
    density = for_each_image(lambda one: _light_density(one, levels, spacing), relative)
    edged = cross_bilateral(density, relative, sigma_space=spacing, sigma_range=sigma_range)
    return edged / maximum(edged)


def _light_density(relative: Tensor, levels: int, spacing: float) -> Tensor:
    """Energy of the lights around each pixel over their area, (H, W); 0 where no light is near."""
    lights = median_cut(relative.detach().cpu().numpy(), levels)
    y, x = (torch.from_numpy(centre).round().long().to(relative.device) for centre in (lights.y, lights.x))
    weights = torch.stack([torch.from_numpy(weight) for weight in (lights.energy, lights.area)]).to(relative)
    splats = relative.new_zeros(2, relative.numel()).index_add_(1, y * relative.shape[1] + x, weights)
    energy, area = gaussian_blur(splats.reshape(2, 1, *relative.shape), spacing)[:, 0]
    return torch.where(area > 0, energy / area.clamp(min=torch.finfo(area.dtype).tiny), 0)
