"""Street lamps: their glass, the light they throw, and the streaks they leave on a wet road."""

from dataclasses import dataclass

import numpy as np

from twostage_hdr.data.procedural.light import black_body
from twostage_hdr.data.procedural.pinhole import View
from twostage_hdr.data.procedural.plane import Plane, smoothstep


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
