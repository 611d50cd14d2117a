"""Banterle et al. 2006, inverse tone mapping: the inverse of Reinhard's operator, let in where lights are dense."""

import math

import torch
from torch import Tensor

from twostage_hdr.expansion.bilateral import cross_bilateral
from twostage_hdr.expansion.luminance_expansion import (
    for_each_image,
    linearise,
    maximum,
    peak_luminance,
    with_luminance,
)
from twostage_hdr.expansion.median_cut import median_cut
from twostage_hdr.expansion.normalized_convolution import gaussian_blur
from twostage_hdr.radiometry.gamma import HDM_GAMMA
from twostage_hdr.radiometry.photometry import WHITE
from twostage_hdr.radiometry.quantities import EncodedRGB, LinearRGB, RelativeLuminance


def banterle2006(
    ldr: EncodedRGB,
    *,
    gamma: float = HDM_GAMMA,
    white: float = WHITE,
    max_output: float | None = None,
    sigma_range: float = 0.1,
) -> LinearRGB:
    """Expand by the inverse of the photographic operator, weighted by an expand map [banterle2006].

        n = L / max L;    Lexp = Lw (Lmax / 2) (n - 1 + sqrt((1 - n)^2 + 4 n / Lw^2)),    Lmax = Lw = max_output / white
        L' = white (L (1 - E) + Lexp E)

    The expand map E, maximum 1, is the density of light: median cut represents the image by 2^round(log2(min side) + 2)
    points, a Gaussian as wide as their mean distance estimates the density of their energy, a cross-bilateral filter
    brings it to the image's edges. An approximation: the density is divided by that of the points' areas, which makes
    it even in an even image and up to the border, where the paper discards neighbourhoods with few points. The
    brightest pixel reaches `max_output` where E = 1.

    Args:
        ldr: (3,H,W) or (B,3,H,W), encoded, [0, 1].
        gamma: exponent that linearises it.
        white: luminance of an unexpanded linear 1.0, cd/m^2.
        max_output: luminance of the brightest pixel at E = 1, cd/m^2; None is 10 x white.
        sigma_range: the edge transfer's bilateral filter, relative linear luminance; not given in the paper.

    Returns:
        Linear RGB, cd/m^2.
    """
    ratio = peak_luminance(white, max_output) / white
    linear, L = linearise(ldr, gamma)
    expanded = inverse_reinhard(L / maximum(L), peak=ratio, stretch=ratio)
    E = expand_map(L, sigma_range)
    return with_luminance(linear, L, white * L.lerp(expanded, E))


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
