"""A street at night: facades with lit windows, lamps, and a wet road that mirrors them.

The world is a canyon: road at y = 0, facades at x = -half and x = +half, z ahead; metres.
"""

from typing import NamedTuple

import numpy as np

from twostage_hdr.data.procedural.light import black_body
from twostage_hdr.data.procedural.noise import Texture
from twostage_hdr.data.procedural.pinhole import Plane, View, colour, mix, smoothstep

FARTHEST = 160.0
"""Length of the street in metres."""


class Lamp(NamedTuple):
    """A street lamp: place in metres, and radiance of its glass, (3, 1, 1)."""

    x: float
    y: float
    z: float
    radiance: Plane


def draw_lamps(half: float, rng: np.random.Generator) -> list[Lamp]:
    """Sodium to metal-halide lamps along both sides of a street of half width `half` metres."""
    kelvin = float(rng.choice([1900, 2200, 2900, 4300]))
    spacing, first, height = (float(rng.uniform(low, high)) for low, high in ((11, 19), (4, 12), (4.0, 6.5)))
    return [
        Lamp(
            sign * 0.7 * half,
            height,
            first + (i + 0.25 * sign) * spacing,
            black_body(kelvin + float(rng.normal(0, 120))) * np.float32(rng.uniform(300, 900)),
        )
        for i in range(6)
        for sign in (-1.0, 1.0)
    ]


def render_night_street(height: int, width: int, rng: np.random.Generator) -> Plane:
    """Radiance (3, H, W); white paper below a lamp is about 1."""
    view = View.level(height, width, horizon=float(rng.uniform(0.5, 0.68)), focal=float(rng.uniform(0.7, 1.1)))
    half, eye = float(rng.uniform(4.5, 8.5)), float(rng.uniform(1.5, 2.4))
    shift = float(rng.uniform(-0.35, 0.35)) * half
    lamps = draw_lamps(half, rng)
    grain = Texture(rng, coarsest=32, gain=0.8)
    side = np.where(view.x >= 0, np.float32(1), np.float32(-1))
    z = np.minimum((half - side * np.float32(shift)) / np.maximum(np.abs(view.x), np.float32(1e-4)), FARTHEST)
    y = eye + z * view.y
    road = y < 0
    road_z = np.minimum(eye / np.maximum(-view.y, np.float32(1e-3)), FARTHEST)
    road_x = road_z * view.x + np.float32(shift)
    # Below the road lies the mirror image of the facades, unsteady as the road is uneven: the same walls at |y|.
    tilt = np.abs(grain(road_x * 9, road_z * 3) * 0.012 + grain(road_x * 60, road_z * 20) * 0.02)
    wall_y = np.abs(y) + road * tilt * road_z * np.float32(rng.uniform(0.5, 2.5))
    sky = mix(colour(0.016, 0.012, 0.012), colour(0.002, 0.004, 0.011), 1 - np.exp(-wall_y / z / np.float32(0.3)))
    houses, stands = _facades(side, z, wall_y, half, lamps, grain, rng)
    picture = mix(sky * np.float32(rng.choice([1.0, 1.0, 6.0])), houses, stands)
    ground = _road(road_x, road_z, picture, half, eye, lamps, grain, rng)
    return np.where(road, ground, picture) + lamp_glass(view, lamps, eye, shift)


def lamplight(x: Plane, y: Plane, z: Plane, lamps: list[Lamp], normal: tuple[Plane | float, float]) -> Plane:
    """Irradiance / pi (3, H, W) at points whose normal is (normal[0], normal[1], 0)."""
    total = np.zeros((3, *x.shape), dtype=np.float32)
    for lamp in lamps:
        dx, dy, dz = lamp.x - x, lamp.y - y, lamp.z - z
        squared = dx * dx + dy * dy + dz * dz + np.float32(0.3)
        facing = np.maximum(dx * normal[0] + dy * np.float32(normal[1]), 0)
        total += lamp.radiance * (facing / (squared * np.sqrt(squared)) * np.float32(0.06))
    return total


def lamp_glass(view: View, lamps: list[Lamp], eye: float, shift: float) -> Plane:
    """The shining glass itself, at least a pixel and a half wide."""
    total = np.zeros((3, *view.x.shape), dtype=np.float32)
    for lamp in lamps:
        x, y = (lamp.x - shift) / lamp.z, (lamp.y - eye) / lamp.z
        radius, soft = max(0.16 / lamp.z, 1.0 / view.focal), 0.7 / view.focal
        distance = np.hypot(view.x - np.float32(x), (view.y - np.float32(y)) * np.float32(1.3))
        total += lamp.radiance * smoothstep(radius + soft, radius - soft, distance)
    return total


def _facades(
    side: Plane, z: Plane, y: Plane, half: float, lamps: list[Lamp], grain: Texture, rng: np.random.Generator
) -> tuple[Plane, Plane]:
    """Radiance of the facades and 1 where a building stands (its roof may be lower than the ray)."""
    count = 24
    table = rng.uniform(0, 1, (2, count, 5)).astype(np.float32)
    house = np.clip((z / np.float32(rng.uniform(7, 11))).astype(np.int64), 0, count - 1)
    roof, hue, tone, width, storey = np.moveaxis(table[(side > 0).astype(np.int64), house], -1, 0)
    stands = smoothstep(0.02, -0.02, y - (roof * 11 + np.float32(6.5))) * (z < FARTHEST)
    plaster = grain(z * 40 + 300 * hue, y * 40) * 0.16 + grain(z * 5, y * 3) * 0.14
    paint = mix(colour(0.22, 0.24, 0.26), colour(0.34, 0.24, 0.18), hue) * (0.5 + 0.9 * tone)
    light = lamplight(side * np.float32(half), y, z, lamps, (-side, 0.0)) + colour(0.004, 0.005, 0.008)
    wall = paint * np.exp(plaster / (1 + (z / 35) ** 2)) * light
    pane, frame, lit = _windows(z * (0.38 + 0.25 * width), (y - 0.4) * (0.30 + 0.06 * storey), z, house, rng)
    wall = mix(wall, colour(0.5, 0.48, 0.44) * light, frame * (y > 0.4))
    return mix(wall, lit + wall * np.float32(0.1), pane * (y > 0.4)), stands


def _windows(across: Plane, up: Plane, z: Plane, house: Plane, rng: np.random.Generator) -> tuple[Plane, Plane, Plane]:
    """Share of pane, share of frame, and the radiance behind the pane, of one window in each square of 1."""
    column, row = np.floor(across), np.floor(up)
    u, v = across - column - 0.5, up - row - 0.55
    # How much of a window one pixel covers decides how soft its edges are.
    soft = np.float32(0.008) + z * np.float32(0.0016)
    inside = np.maximum(np.abs(u) - 0.26, np.abs(v) - 0.3)
    bar = np.minimum(np.abs(u), np.abs(v - 0.08)) - 0.012
    pane = np.clip(0.5 - inside / soft, 0, 1) * np.clip(0.5 + bar / soft, 0, 1)
    dice = rng.uniform(0, 1, (3, 64, 64)).astype(np.float32)
    on, tone, level = dice[:, ((column + 13 * house) % 64).astype(np.int64), (row % 64).astype(np.int64)]
    shade = mix(black_body(2600), black_body(5200), smoothstep(0.6, 0.9, tone))
    curtain = 0.55 + 0.27 * np.cos(u * 60 + 9 * level) + 0.5 * v
    bright = np.where(on < 0.36, 0.6 + 14 * level**4, 0.006 + 0.01 * level) * curtain
    return pane, np.clip(0.5 - (inside - 0.035) / soft, 0, 1), shade * bright


def _road(
    x: Plane,
    z: Plane,
    mirrored: Plane,
    half: float,
    eye: float,
    lamps: list[Lamp],
    grain: Texture,
    rng: np.random.Generator,
) -> Plane:
    """Asphalt and pavements, wet in patches; `mirrored` is what a flat mirror in their place would show."""
    fine = grain(x * 90, z * 90) / (1 + (z / 7) ** 2)
    patches = grain(x * 6 + 40, z * 4)
    curb = smoothstep(0.0, 0.06, np.abs(x) - np.float32(0.62 * half))
    paving = mix(colour(0.055, 0.055, 0.06), colour(0.17, 0.16, 0.15), curb) * np.exp(0.45 * fine + 0.2 * patches)
    light = lamplight(x, np.zeros_like(x), z, lamps, (0.0, 1.0)) + colour(0.005, 0.006, 0.009)
    wetness = float(rng.uniform(0.0, 1.0))
    wet = smoothstep(0.9 - 1.8 * wetness, 1.6 - 1.8 * wetness, patches + 0.3 * fine)
    grazing = (1 - eye / np.hypot(z, eye)) ** 5
    return paving * light * (1 - 0.5 * wet) + np.minimum(mirrored, 30) * (0.02 + 0.8 * grazing) * (0.12 + 0.88 * wet)
