"""CIELAB of encoded images, and the CIEDE2000 difference, differentiable [sharma2005ciede2000]."""

from functools import cache

import torch
from jaxtyping import Float
from torch import Tensor

from twostage_hdr.radiometry.quantities import EncodedRGB, Lab
from twostage_hdr.radiometry.srgb import srgb_decode

Map = Float[Tensor, "*shape"]

RGB_TO_XYZ = ((0.412453, 0.357580, 0.180423), (0.212671, 0.715160, 0.072169), (0.019334, 0.119193, 0.950227))
"""Linear Rec. 709 primaries to CIE XYZ; kornia's and scikit-image's digits."""
D65_WHITE = (0.95047, 1.0, 1.08883)
"""XYZ of white, 2 degree observer."""
LINEAR_BELOW = 0.008856
"""Share of white below which L* is a straight line (CIE 1976), dimensionless."""


def ciede2000(lab1: Lab, lab2: Lab) -> Float[Tensor, "*batch 1 height width"]:
    """Colour difference per pixel, with k_L = k_C = k_H = 1.

    The formula has no derivative where the colours are equal, where one is grey and where hues are opposite. There
    the gradient is that of one side, or 0: always finite. Close to grey in blue hues (where the rotation term acts) it
    grows like 1 / sqrt(chroma), as that of the exact formula does.

    Args:
        lab1: CIELAB, (..., 3, H, W); L* may exceed 100.
        lab2: the same shape.
    """
    l1, a1, b1 = lab1.unbind(-3)
    l2, a2, b2 = lab2.unbind(-3)

    mean_c = (_hypot(a1, b1) + _hypot(a2, b2)) / 2
    stretch = 1 + 0.5 * (1 - _chroma_weight(mean_c))  # 1 + G
    a1, a2 = a1 * stretch, a2 * stretch
    c1, c2 = _hypot(a1, b1), _hypot(a2, b2)
    hue_difference, mean_hue = _hues(_hue(a1, b1), _hue(a2, b2), grey=c1 * c2 == 0)

    delta_l = l2 - l1
    delta_c = c2 - c1
    delta_h = 2 * _sqrt(c1 * c2) * _sin(hue_difference / 2)

    mean_l, mean_c = (l1 + l2) / 2, (c1 + c2) / 2
    offset = (mean_l - 50) ** 2
    s_l = 1 + 0.015 * offset / torch.sqrt(20 + offset)
    s_c = 1 + 0.045 * mean_c
    s_h = 1 + 0.015 * mean_c * _hue_weight(mean_hue)

    rotation = -_sin(60 * torch.exp(-(((mean_hue - 275) / 25) ** 2))) * 2 * _chroma_weight(mean_c)
    x, y, z = delta_l / s_l, delta_c / s_c, delta_h / s_h
    return _sqrt(x**2 + y**2 + z**2 + rotation * y * z).unsqueeze(-3)


def _hues(h1: Map, h2: Map, grey: Tensor) -> tuple[Map, Map]:
    """Hue difference and mean hue in degrees, by the conventions for wrapping round and for greys."""
    difference, total = h2 - h1, h1 + h2
    wraps = difference.abs() > 180
    shortest = torch.where(wraps, difference - 360 * torch.sign(difference), difference)
    mean = torch.where(wraps, torch.where(total < 360, total + 360, total - 360), total) / 2
    return torch.where(grey, 0, shortest), torch.where(grey, total, mean)


def _hue_weight(hue: Map) -> Map:
    """T: how hue differences weigh at a mean hue in degrees."""
    return 1 - 0.17 * _cos(hue - 30) + 0.24 * _cos(2 * hue) + 0.32 * _cos(3 * hue + 6) - 0.20 * _cos(4 * hue - 63)


def _chroma_weight(chroma: Map) -> Map:
    """sqrt(C^7 / (C^7 + 25^7)), written so that no root is taken of 0."""
    power = (chroma / 25) ** 3.5
    return power / torch.sqrt(1 + power**2)


def _sqrt(x: Map) -> Map:
    """Square root with derivative 0 at 0. The inner `where` keeps infinity out of the unused branch's gradient."""
    positive = x > 0
    return torch.where(positive, torch.where(positive, x, 1).sqrt(), 0)


def _coloured(a: Map, b: Map) -> Tensor:
    """False for grey: chroma 0, or so small (1e-19 in float32) that its square has no finite reciprocal."""
    return a * a + b * b > torch.finfo(a.dtype).tiny


def _hypot(a: Map, b: Map) -> Map:
    return _sqrt(torch.where(_coloured(a, b), a * a + b * b, 0))


def _hue(a: Map, b: Map) -> Map:
    """Hue angle in degrees, [0, 360]; 0 for grey."""
    coloured = _coloured(a, b)
    angle = torch.rad2deg(torch.atan2(torch.where(coloured, b, 0), torch.where(coloured, a, 1)))
    return torch.where(angle < 0, angle + 360, angle)


def _sin(degrees: Map) -> Map:
    return torch.sin(torch.deg2rad(degrees))


def _cos(degrees: Map) -> Map:
    return torch.cos(torch.deg2rad(degrees))


def encoded_to_lab(encoded: EncodedRGB) -> Lab:
    """CIELAB (D65) of encoded values *read as sRGB*, as they are: nothing is rescaled or clipped.

    The colour loss and metric are defined on this reading [sharif2021twostage]: a value above 1 gives an L* above
    100. sRGB's curve is linear below 0, so gradients are finite for every finite value.
    """
    # Inside autocast the colour matrix would be multiplied in half precision, an error of several units of L*.
    with torch.autocast(encoded.device.type, enabled=False):
        linear = srgb_decode(encoded)
        red, green, blue = _rgb_to_xyz(encoded.device, encoded.dtype).unbind(1)  # (3, 1, 1) each
        xyz = red * linear[..., :1, :, :] + green * linear[..., 1:2, :, :] + blue * linear[..., 2:, :, :]
        # CIE's f: a cube root that continues as a straight line near black.
        dark = xyz <= LINEAR_BELOW
        x, y, z = torch.where(dark, 7.787 * xyz + 4 / 29, xyz.clamp(min=LINEAR_BELOW) ** (1 / 3)).unbind(-3)
        return torch.stack((116 * y - 16, 500 * (x - y), 200 * (y - z)), -3)


@cache
def _rgb_to_xyz(device: torch.device, dtype: torch.dtype) -> Float[Tensor, "3 3 1 1"]:
    """From linear sRGB to XYZ over that of white; made once, since the host waits for every number that it sends."""
    with torch.inference_mode(False):
        shares = torch.tensor(RGB_TO_XYZ, dtype=torch.float64) / torch.tensor(D65_WHITE, dtype=torch.float64)[:, None]
        return shares.to(device, dtype)[..., None, None]
