"""Median cut: represent an image's light by points of about equal energy (Debevec 2005)."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float64
from numpy.typing import NDArray

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
