"""Heightfields and the pixels in which one sees them.

World units are texels of the height map: x from -size/2 to size/2, z (ahead) from 0 to size, y up.
"""

import math
from dataclasses import dataclass

import cv2
import numpy as np

from twostage_hdr.data.procedural.pinhole import Plane, View, smoothstep
from twostage_hdr.data.procedural.surface import Texture, fractal_noise

SIZE = 384
"""Side of the height map in texels."""
NEAREST, FARTHEST = 3.0, 380.0
"""Range of distances that are traced."""
STEPS = 260
"""Distances traced: nearly geometric, closer together far away, where a ridge could hide between two."""
DETAIL_SCALE, DETAIL_HEIGHT = 11.3, 0.05
"""Frequency and height of the repeated fine relief, relative to the coarse one."""


@dataclass(frozen=True)
class Hits:
    """What each pixel of a view sees of a terrain, all (H, W).

    Attributes:
        seen: 1 where there is terrain, 0 where there is sky.
        x, z: place in the world.
        height: height of the ground there (under the water too).
        slope_x, slope_z: its gradient.
        sunlit: 1 in the sun, 0 in another hill's shadow.
    """

    seen: Plane
    x: Plane
    z: Plane
    height: Plane
    slope_x: Plane
    slope_z: Plane
    sunlit: Plane


class Terrain:
    """Hills whose height grows with the distance, so that the viewer stands in the open.

    Args:
        rng: draws the relief.
        relief: height of the far hills.
        sharpness: 0 for rolling hills, 1 for ridges.
        near: height of the ground around the viewer, relative to sea level.
        sun: unit vector towards the sun, for the shadows.
    """

    def __init__(
        self, rng: np.random.Generator, *, relief: float, sharpness: float, near: float, sun: tuple[float, float, float]
    ) -> None:
        noise = fractal_noise(SIZE, SIZE, rng, coarsest=160, gain=0.46)
        ridges = 1.2 - 1.6 * np.abs(noise)
        shape = (1 - sharpness) * noise + np.float32(sharpness) * ridges
        z = np.arange(SIZE, dtype=np.float32)[:, None]
        rise = smoothstep(40, float(rng.uniform(160, 320)), z) * np.float32(relief)
        self.height: Plane = (near * (1 - smoothstep(10, 120, z)) + (0.5 + shape) * (0.06 * relief + rise)).astype(
            np.float32
        )
        slope_z, slope_x = np.gradient(self.height)
        self.map = Texture(np.dstack([self.height, slope_x, slope_z, self._sunlit(sun)]).astype(np.float32))
        detail = fractal_noise(256, 256, rng, coarsest=32, gain=0.62)
        detail_z, detail_x = np.gradient(detail)
        self.detail = Texture(np.dstack([detail, detail_x, detail_z]).astype(np.float32))

    def _sunlit(self, sun: tuple[float, float, float]) -> Plane:
        """1 where nothing towards the sun is higher than its light, with soft edges."""
        across = max(float(np.hypot(sun[0], sun[2])), 1e-3)
        blocked = np.full_like(self.height, -1e3)
        for distance in (2.0, 4.0, 7.0, 11.0, 16.0, 23.0, 32.0, 44.0, 60.0, 80.0):
            shift = np.array([[1, 0, distance * sun[0] / across], [0, 1, distance * sun[2] / across]], dtype=np.float32)
            there = cv2.warpAffine(
                self.height,
                shift,
                (SIZE, SIZE),
                flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
                borderMode=cv2.BORDER_REPLICATE,
            )
            above = there - self.height - np.float32(distance * sun[1] / across)
            blocked = np.maximum(blocked, above / (1 + 0.06 * distance))
        return smoothstep(0.5, -0.3, blocked)

    def trace(self, view: View, *, eye: float, water: float) -> Hits:
        """March away from the viewer at height `eye`, keeping per column the highest point on the screen so far."""
        rows, columns = view.y.shape[0], view.x.shape[1]
        along = np.linspace(0, 1, STEPS, dtype=np.float32)[:, None] ** np.float32(0.65)
        z = NEAREST * np.exp(along * np.float32(math.log(FARTHEST / NEAREST)))
        x = z * view.x
        ground = self.map(x + np.float32(SIZE / 2), np.broadcast_to(z, x.shape).copy())[..., 0]
        relief = self.detail(
            x * np.float32(DETAIL_SCALE), np.broadcast_to(z * np.float32(DETAIL_SCALE), x.shape).copy()
        )
        surface = np.maximum(ground + relief[..., 0] * np.float32(DETAIL_HEIGHT), np.float32(water))
        slope = np.maximum.accumulate((surface - np.float32(eye)) / z, axis=0)
        first_row = np.ceil((view.y[0, 0] - slope) * np.float32(view.focal)).astype(np.int64).clip(0, rows)
        flat = (first_row * columns + np.arange(columns)).ravel()
        counts = np.bincount(flat, minlength=(rows + 1) * columns).reshape(rows + 1, columns)
        later = np.cumsum(counts[::-1], axis=0)[::-1][1:]
        index = np.minimum(later, STEPS - 1)
        column = np.arange(columns)[None, :]
        above, below = slope[index, column], slope[np.maximum(index - 1, 0), column]
        part = np.clip((view.y - below) / np.maximum(above - below, 1e-6), 0, 1)
        hit_z = z[np.maximum(index - 1, 0), 0] * (1 - part) + z[index, 0] * part
        return self._look_up((later < STEPS).astype(np.float32), hit_z * view.x, hit_z)

    def _look_up(self, seen: Plane, x: Plane, z: Plane) -> Hits:
        coarse = self.map(x + np.float32(SIZE / 2), z)
        fine = self.detail(x * np.float32(DETAIL_SCALE), z * np.float32(DETAIL_SCALE))
        # Farther away the fine relief is smaller than a pixel and would only alias.
        fade = np.float32(DETAIL_HEIGHT * DETAIL_SCALE) / (1 + (z / 120) ** 2)
        return Hits(
            seen,
            x,
            z,
            coarse[..., 0],
            coarse[..., 1] + fine[..., 1] * fade,
            coarse[..., 2] + fine[..., 2] * fade,
            coarse[..., 3],
        )
