"""Hills, mountains and lakes under a sky, in daylight or towards sunset."""

import cv2
import numpy as np

from twostage_hdr.data.procedural.pinhole import Plane, View, colour, mix, smoothstep
from twostage_hdr.data.procedural.sky import Sun, draw_sun, render_sky
from twostage_hdr.data.procedural.surface import Texture
from twostage_hdr.data.procedural.terrain import Hits, Terrain


def lay_water(picture: Plane, hits: Hits, view: View, *, level: float, rng: np.random.Generator) -> Plane:
    """Replace what lies below `level` in the picture (3, H, W) by a wavy mirror of what is above the horizon."""
    rows, columns = hits.z.shape
    waves = Texture.fractal(rng, size=256, coarsest=16, gain=0.7)
    wave = waves(hits.x * 9, hits.z * 5) + 0.7 * waves(hits.x * 31 + 50, hits.z * 17) / (1 + hits.z / 60)
    roughness = float(rng.uniform(0.002, 0.02))
    horizon = view.y[0, 0] * np.float32(view.focal)
    row = 2 * horizon - np.arange(rows, dtype=np.float32)[:, None]
    tilt = wave * np.float32(roughness * view.focal) * (0.4 + 0.6 * smoothstep(150, 5, hits.z))
    column = np.arange(columns, dtype=np.float32)[None, :] + 0.2 * tilt
    pixels = np.ascontiguousarray(picture.transpose(1, 2, 0))
    mirrored = cv2.remap(
        pixels, column, np.clip(row - np.abs(tilt), 0, horizon), cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT
    )
    steep = np.abs(view.y) / view.length() + np.float32(0.6 * roughness) * np.abs(wave)
    fresnel = 0.03 + 0.97 * (1 - np.clip(steep, 0, 1)) ** 5
    body = colour(0.010, 0.028, 0.034) * (1 + 0.2 * wave)
    surface = mirrored.transpose(2, 0, 1) * fresnel + body * np.float32(0.6)
    under = smoothstep(0.15, -0.05, hits.height - np.float32(level)) * hits.seen
    return mix(picture, surface, under)


def render_landscape(height: int, width: int, rng: np.random.Generator) -> Plane:
    """Radiance (3, H, W); white paper in the sun is about 1."""
    view = View.level(height, width, horizon=float(rng.uniform(0.45, 0.72)), focal=float(rng.uniform(0.9, 1.5)))
    sun = draw_sun(rng)
    sky = render_sky(view, sun, rng)
    relief = float(rng.uniform(8, 42))
    water = float(rng.uniform(0.5, 4)) if rng.random() < 0.6 else -1e3
    near = float(rng.uniform(-4, 4)) if water > 0 else float(rng.uniform(0, 3))
    terrain = Terrain(rng, relief=relief, sharpness=float(rng.uniform(0, 1)), near=near, sun=sun.direction)
    ground = float(terrain.height[:20, terrain.height.shape[1] // 2 - 10 :][:, :20].max())
    hits = terrain.trace(view, eye=max(ground, water) + float(rng.uniform(2.5, 7)), water=water)
    ambient = sky[:, : max(1, height // 3)].clip(0, 2).mean(axis=(1, 2), keepdims=True)
    haze = np.clip(sky.mean(axis=2, keepdims=True), 0, 3)[:, max(0, int(view.y[0, 0] * view.focal) - 3)][:, None]
    land = _shade(hits, sun, ambient, relief, water, rng)
    distance = 1 - np.exp(-((hits.z / np.float32(rng.uniform(250, 900))) ** 1.3))
    land = mix(land, np.minimum(haze, 0.7) * np.float32(0.8), distance)
    picture = mix(sky, land, hits.seen)
    return lay_water(picture, hits, view, level=water, rng=rng) if water > 0 else picture


def _shade(hits: Hits, sun: Sun, ambient: Plane, relief: float, water: float, rng: np.random.Generator) -> Plane:
    """Grass, dry patches, rock where it is steep, snow or scree on top, sand by the water; sun and sky light."""
    grain = Texture.fractal(rng, size=256, coarsest=64, gain=0.75)
    coarse = grain(hits.x * 1.7, hits.z * 1.7)
    fine = grain(hits.x * 23 + 77, hits.z * 23) / (1 + (hits.z / 60) ** 2)
    steepness = np.sqrt(hits.slope_x**2 + hits.slope_z**2)
    palette = _PALETTES[int(rng.integers(len(_PALETTES)))]
    grass, dry, rock, top = (colour(*c) for c in palette)
    ground = mix(grass, dry, smoothstep(-0.8, 1.2, coarse + 0.3 * fine))
    ground = mix(ground, rock, smoothstep(0.35, 0.8, steepness + 0.1 * coarse + 0.08 * fine))
    level = hits.height / np.float32(relief) + 0.08 * coarse
    ground = mix(ground, top, smoothstep(0.75, 0.95, level) * smoothstep(1.0, 0.5, steepness))
    sand = colour(0.42, 0.34, 0.22)
    ground = mix(ground, sand, smoothstep(1.2, 0.2, hits.height - np.float32(max(water, -50)) + 0.3 * coarse))
    ground = ground * np.exp(0.28 * fine + 0.15 * coarse)
    normal = 1 / np.sqrt(1 + steepness**2)
    sx, sy, sz = sun.direction
    facing = np.maximum((sy - hits.slope_x * sx - hits.slope_z * sz) * normal, 0)
    direct = sun.colour * (facing * hits.sunlit * np.float32(1.1))
    return ground * (direct + ambient * (0.2 + 0.3 * normal))


_PALETTES = (
    ((0.06, 0.11, 0.025), (0.17, 0.16, 0.05), (0.18, 0.165, 0.15), (0.82, 0.85, 0.9)),  # alpine meadow, snow
    ((0.025, 0.055, 0.018), (0.08, 0.10, 0.03), (0.12, 0.11, 0.10), (0.30, 0.27, 0.24)),  # forest, bare tops
    ((0.36, 0.22, 0.11), (0.46, 0.31, 0.17), (0.30, 0.15, 0.09), (0.50, 0.36, 0.24)),  # desert
    ((0.12, 0.09, 0.03), (0.24, 0.16, 0.06), (0.14, 0.12, 0.11), (0.42, 0.38, 0.33)),  # autumn heath
    ((0.55, 0.60, 0.66), (0.66, 0.70, 0.76), (0.13, 0.13, 0.14), (0.85, 0.88, 0.93)),  # winter
)
"""Linear albedos of low ground, its patches, steep rock and high ground."""
