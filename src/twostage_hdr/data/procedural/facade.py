"""Rows of houses along a street, with windows lit here and there."""

from dataclasses import dataclass

import numpy as np

from twostage_hdr.data.procedural.light import black_body
from twostage_hdr.data.procedural.pinhole import Plane, View, colour, mix, smoothstep
from twostage_hdr.data.procedural.surface import Texture


@dataclass(frozen=True)
class Lamp:
    """A street lamp: place in metres, colour, and radiance of its glass."""

    x: float
    y: float
    z: float
    colour: Plane
    radiance: float


def draw_lamps(half: float, rng: np.random.Generator) -> list[Lamp]:
    """Sodium to metal-halide lamps along one or both sides of a street of half width `half` metres."""
    kelvin = float(rng.choice([1900, 2200, 2900, 4300]))
    spacing, first = float(rng.uniform(11, 19)), float(rng.uniform(4, 12))
    height, offset = float(rng.uniform(4.0, 6.5)), float(rng.uniform(0.6, 0.8)) * half
    both = rng.random() < 0.5
    lamps = []
    for i in range(6):
        for sign in (-1.0, 1.0) if both else (1.0 if i % 2 else -1.0,):
            tint = black_body(kelvin + float(rng.normal(0, 120)))
            lamps.append(Lamp(sign * offset, height, first + i * spacing, tint, float(rng.uniform(300, 900))))
    return lamps


def lamplight(x: Plane, y: Plane, z: Plane, lamps: list[Lamp], normal: tuple[Plane | float, float]) -> Plane:
    """Irradiance / pi (3, H, W) at points whose normal is (normal[0], normal[1], 0)."""
    total = np.zeros((3, *np.broadcast_shapes(x.shape, y.shape, z.shape)), dtype=np.float32)
    for lamp in lamps:
        dx, dy, dz = lamp.x - x, lamp.y - y, lamp.z - z
        squared = dx * dx + dy * dy + dz * dz + np.float32(0.3)
        facing = np.maximum(dx * normal[0] + dy * np.float32(normal[1]), 0)
        total += lamp.colour * (facing / (squared * np.sqrt(squared)) * np.float32(lamp.radiance * 0.06))
    return total


def glitter(x: Plane, z: Plane, eye: float, shift: float, lamps: list[Lamp], wet: Plane, fine: Plane) -> Plane:
    """The long streaks below each lamp: the rough road mirrors it over a range of distances."""
    total = np.zeros((3, *x.shape), dtype=np.float32)
    for lamp in lamps:
        # Where a flat mirror would show the lamp: the line from the eye to its image below the road meets y = 0.
        part = eye / (eye + lamp.y)
        at_x, at_z = shift + (lamp.x - shift) * part, lamp.z * part
        across = (x - (shift + (at_x - shift) * z / at_z)) / (0.03 * z + 0.05)
        along = np.log(np.maximum(z, 0.1) / at_z) / 0.45
        strength = np.exp(-0.5 * (across**2 + along**2)) * (0.15 + wet) * np.exp(0.8 * fine)
        total += lamp.colour * (strength * np.float32(lamp.radiance * 0.004))
    return total


def lamp_glass(view: View, lamps: list[Lamp], eye: float, shift: float) -> Plane:
    """The shining glass itself, at least a pixel and a half wide."""
    total = np.zeros((3, view.y.shape[0], view.x.shape[1]), dtype=np.float32)
    for lamp in lamps:
        x, y = (lamp.x - shift) / lamp.z, (lamp.y - eye) / lamp.z
        radius = max(0.16 / lamp.z, 1.0 / view.focal)
        distance = np.sqrt((view.x - x) ** 2 + ((view.y - y) * np.float32(1.3)) ** 2)
        soft = 0.7 / view.focal
        total += lamp.colour * (smoothstep(radius + soft, radius - soft, distance) * np.float32(lamp.radiance))
    return total


FARTHEST = 160.0
"""Length of the street in metres."""


@dataclass(frozen=True)
class Walls:
    """Where each ray meets a facade: side (-1, +1), distance z, height y, all (H, W)."""

    side: Plane
    z: Plane
    y: Plane


def facades(
    walls: Walls, half: float, lamps: list[Lamp], grain: Texture, rng: np.random.Generator
) -> tuple[Plane, Plane]:
    """Radiance of the facades and 1 where a building stands (its roof may be lower than the ray)."""
    count = 24
    table = rng.uniform(0, 1, (2, count, 6)).astype(np.float32)
    lot = np.float32(rng.uniform(7, 11))
    which = np.clip((walls.z / lot).astype(np.int64), 0, count - 1)
    building = table[(walls.side > 0).astype(np.int64), which]
    roof = (building[..., 0] * 11 + 6.5).astype(np.float32)
    stands = smoothstep(0.02, -0.02, walls.y - roof) * (walls.z < FARTHEST)
    brick = grain(walls.z * 40 + 300 * building[..., 1], walls.y * 40) * 0.16 + grain(walls.z * 5, walls.y * 3) * 0.14
    fade = 1 / (1 + (walls.z / 35) ** 2)
    hue = colour(0.34, 0.24, 0.18) * building[..., 2] + colour(0.22, 0.24, 0.26) * (1 - building[..., 2])
    albedo = hue * np.exp(brick * (0.3 + 0.7 * fade)) * (0.5 + 0.9 * building[..., 3])
    pane, frame, lit = _windows(walls, building, which, rng)
    albedo = mix(albedo * np.float32(0.9), colour(0.5, 0.48, 0.44) * (0.6 + 0.4 * building[..., 4]), frame)
    light = lamplight(walls.side * np.float32(half), walls.y, walls.z, lamps, (-walls.side, 0.0))
    base = albedo * (light + colour(0.004, 0.005, 0.008))
    return mix(base, lit + base * np.float32(0.1), pane), stands.astype(np.float32)


def _windows(walls: Walls, building: Plane, which: np.ndarray, rng: np.random.Generator) -> tuple[Plane, Plane, Plane]:
    """Share of pane, share of frame, and the radiance behind the pane."""
    across = walls.z * (0.38 + 0.25 * building[..., 1])
    storey = (walls.y - 0.4) * (0.30 + 0.06 * building[..., 2])
    column, row = np.floor(across), np.floor(storey)
    u, v = across - column - 0.5, storey - row - 0.55
    # How much of a window one pixel covers decides how soft its edges are.
    soft = (0.008 + walls.z * 0.0016).astype(np.float32)
    wide, tall = 0.2 + 0.12 * building[..., 3], 0.26 + 0.08 * building[..., 5]
    inside = np.maximum(np.abs(u) - wide, np.abs(v) - tall)
    pane = np.clip(0.5 - inside / soft, 0, 1) * (walls.y > 0.4)
    frame = np.clip(0.5 - (inside - 0.035) / soft, 0, 1)
    bars = np.clip(0.5 - (np.minimum(np.abs(u), np.abs(v - 0.08)) - 0.012) / soft, 0, 1)
    pane, frame = pane * (1 - bars), frame * (walls.y > 0.4)
    dice = rng.uniform(0, 1, (3, 64, 64)).astype(np.float32)
    i = ((column + 13 * which) % 64).astype(np.int64)
    j = ((row + 7 * (walls.side > 0)) % 64).astype(np.int64)
    on, tone, level = dice[0, i, j], dice[1, i, j], dice[2, i, j]
    kelvin = smoothstep(0.6, 0.9, tone)
    shade = black_body(2600) * (1 - kelvin) + black_body(5200) * kelvin
    curtain = 0.55 + 0.45 * np.cos((u * 60 + 9 * level) * (level > 0.5)) * 0.6 + 0.5 * v
    ground_floor = np.where(row < 0.5, np.float32(2.5), np.float32(1))
    bright = np.where(on < 0.36, 0.6 + 14 * level**4, 0.006 + 0.01 * level) * curtain * ground_floor
    return pane.astype(np.float32), frame.astype(np.float32), (shade * bright).astype(np.float32)
