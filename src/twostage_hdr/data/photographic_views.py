"""Views that look like whole photographs: perspective views and wide strips of panoramas, parts of pictures."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from twostage_hdr.data.hdr_folder import BAND, SKY_BAND

ASPECTS = (4 / 3, 3 / 2, 16 / 9, 1.0, 3 / 4, 2 / 3)
"""Width over height of photographs."""
STRIP_BANDS = (0.5, 1.0)
"""Share of a panorama's unstretched rows that a strip shows."""


@dataclass(frozen=True, kw_only=True)
class ViewSettings:
    """What views are drawn.

    Attributes:
        side: longer side of a perspective view, px.
        strip: shorter and longest width of a strip, px.
        strips: share of the views of panoramas that are strips, as the evaluation's frames are.
        fov_low, fov_high: angle that the longer side of a perspective view sees, degrees.
        pitch, roll: deviations of the camera's, degrees.
        colour: deviation of ln of a scene's gains of R and B.
        contrast: deviation of ln of an exponent on a scene's light: lights further above it, or less far.
    """

    side: int = 288
    strip: Sequence[int] = (448, 768)
    strips: float = 0.5
    fov_low: float = 50.0
    fov_high: float = 110.0
    pitch: float = 10.0
    roll: float = 2.0
    colour: float = 0.12
    contrast: float = 0.06


def draw_view(
    pixels: Float[Tensor, "3 height width"],
    rng: np.random.Generator,
    settings: ViewSettings,
    *,
    panorama: bool,
    sky_only: bool,
) -> Float[Tensor, "3 rows columns"]:
    """A view of a scene, recoloured and mirrored at random, in linear light.

    Args:
        pixels: the whole image, relative linear RGB >= 0; of a panorama all rows.
        rng: everything random is drawn from it.
        settings: what views.
        panorama: whether the image is a 2:1 equirectangular panorama.
        sky_only: whether its lower half is synthetic.
    """
    if not panorama:
        view = _crop(pixels, rng, settings)
    elif rng.random() < settings.strips:
        view = _strip(pixels, rng, settings, SKY_BAND if sky_only else BAND)
    else:
        view = _perspective(pixels, rng, settings, sky_only=sky_only)
    if rng.random() < 0.5:
        view = view.flip(-1)
    return _recoloured(view, rng, settings)


def _strip(pixels: Tensor, rng: np.random.Generator, settings: ViewSettings, band: tuple[float, float]) -> Tensor:
    """Rolled; a band of rows over the whole width, or most of it."""
    height, width = pixels.shape[-2:]
    rolled = torch.roll(pixels, int(rng.integers(width)), -1)
    low, high = round(band[0] * height), round(band[1] * height)
    rows = round((high - low) * float(rng.uniform(*STRIP_BANDS)))
    top = low + int(rng.integers(high - low - rows + 1))
    columns = round(width * float(rng.uniform(0.6, 1.0)))
    side = min(round(float(rng.uniform(*settings.strip))), columns)
    return _smaller(rolled[:, top : top + rows, :columns], side)


def _crop(pixels: Tensor, rng: np.random.Generator, settings: ViewSettings) -> Tensor:
    """Of a photograph: most of it, at most as large as a strip."""
    height, width = pixels.shape[-2:]
    share = float(rng.uniform(0.55, 1.0))
    rows, columns = max(round(height * share), 1), max(round(width * share), 1)
    top, left = int(rng.integers(height - rows + 1)), int(rng.integers(width - columns + 1))
    side = min(round(float(rng.uniform(settings.side, 2 * settings.side))), max(rows, columns))
    return _smaller(pixels[:, top : top + rows, left : left + columns], side)


def _smaller(image: Tensor, side: int) -> Tensor:
    """Averaged down in linear light to that longer side; never enlarged."""
    height, width = image.shape[-2:]
    factor = side / max(height, width)
    if factor >= 1:
        return image
    size = (max(round(height * factor), 1), max(round(width * factor), 1))
    return F.interpolate(image[None], size=size, mode="area")[0]


def _perspective(pixels: Tensor, rng: np.random.Generator, settings: ViewSettings, *, sky_only: bool) -> Tensor:
    """What a pinhole camera inside the panorama sees."""
    aspect = float(rng.choice(ASPECTS))
    columns, rows = round(settings.side * min(aspect, 1.0)), round(settings.side / max(aspect, 1.0))
    focal = settings.side / 2 / np.tan(np.radians(rng.uniform(settings.fov_low, settings.fov_high)) / 2)
    yaw = rng.uniform(0, 2 * np.pi)
    pitch = np.radians(np.clip(rng.normal(0, settings.pitch), -25, 25))
    if sky_only:  # the horizon at the lower edge
        pitch = np.arctan(rows / 2 / focal)
    roll = np.radians(rng.normal(0, settings.roll))
    y, x = np.mgrid[:rows, :columns].astype(np.float64) + 0.5
    across, down = (x - columns / 2) / focal, (y - rows / 2) / focal
    across, down = across * np.cos(roll) - down * np.sin(roll), across * np.sin(roll) + down * np.cos(roll)
    forward, up = np.cos(pitch) + down * np.sin(pitch), np.sin(pitch) - down * np.cos(pitch)
    longitude = np.arctan2(across, forward) + yaw
    latitude = np.arctan2(up, np.hypot(across, forward))
    return _sampled(pixels, longitude, latitude)


def _sampled(pixels: Tensor, longitude: np.ndarray, latitude: np.ndarray) -> Tensor:
    """Bilinear; the panorama's columns wrap."""
    height, width = pixels.shape[-2:]
    wrapped = torch.cat((pixels[..., -1:], pixels, pixels[..., :1]), -1)
    column = (longitude / (2 * np.pi) * width) % width + 1
    row = ((0.5 - latitude / np.pi) * height).clip(0.5, height - 0.5)
    grid = np.stack((column / (width + 2), row / height), -1) * 2 - 1
    place = torch.from_numpy(grid.astype(np.float32))[None]
    return F.grid_sample(wrapped[None], place, mode="bilinear", padding_mode="border", align_corners=False)[0]


def _recoloured(view: Tensor, rng: np.random.Generator, settings: ViewSettings) -> Tensor:
    red, blue = np.exp(rng.normal(0, settings.colour, 2))
    exponent = float(np.exp(rng.normal(0, settings.contrast)))
    coloured = view.clamp(min=0) * torch.tensor([red, 1.0, blue], dtype=view.dtype).view(3, 1, 1)
    light = coloured.amax(0, keepdim=True)
    middle = light.median().clamp(min=1e-12)
    return coloured * (light / middle).clamp(min=1e-6) ** (exponent - 1)
