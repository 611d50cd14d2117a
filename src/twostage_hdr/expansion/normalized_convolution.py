"""Separable smoothing that renormalises at the borders, so that a flat image stays flat up to its edge."""

import math

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F

from twostage_hdr.radiometry.quantities import RelativeLuminance

TRUNCATION = 4.0
"""Radius of a Gaussian kernel in standard deviations; what is cut off weighs 6e-5."""


def gaussian_kernel(sigma: float, like: Tensor) -> Float[Tensor, "taps"]:
    """A normalised Gaussian of 2 ceil(4 sigma) + 1 taps, on the device and in the dtype of `like`."""
    radius = max(1, math.ceil(TRUNCATION * sigma))
    offset = torch.arange(-radius, radius + 1, device=like.device, dtype=like.dtype)
    kernel = torch.exp(-0.5 * (offset / sigma) ** 2)
    return kernel / kernel.sum()


def gaussian_blur(values: RelativeLuminance, sigma: float) -> RelativeLuminance:
    """Gaussian mean of each pixel's neighbours inside the image; `sigma` in pixels."""
    return _separable_mean(values, gaussian_kernel(sigma, values))


def box_mean(values: RelativeLuminance, side: int) -> RelativeLuminance:
    """Mean over the part of a centred square that lies inside the image; an even `side` (pixels) is raised by one."""
    taps = side + 1 - side % 2
    return _separable_mean(values, values.new_full((taps,), 1 / taps))


def _separable_mean(values: Tensor, kernel: Tensor) -> Tensor:
    planes = values.reshape(-1, 1, *values.shape[-2:])
    for dimension in (2, 3):
        planes = _mean_along(planes, kernel, dimension)
    return planes.reshape(values.shape)


def _mean_along(planes: Tensor, kernel: Tensor, dimension: int) -> Tensor:
    """Convolve along one dimension as a 1-D convolution of all lines, and divide by the kernel's weight inside."""
    lines = planes.movedim(dimension, -1)
    length = lines.shape[-1]
    reach = min(len(kernel) // 2, length - 1)  # taps that can touch the image at all
    centre = len(kernel) // 2
    taps = kernel[centre - reach : centre + reach + 1][None, None]
    summed = F.conv1d(lines.reshape(-1, 1, length), taps, padding=reach)
    weight = F.conv1d(torch.ones_like(lines[:1, :1, :1, :].reshape(1, 1, length)), taps, padding=reach)
    return (summed / weight).reshape(lines.shape).movedim(-1, dimension)
