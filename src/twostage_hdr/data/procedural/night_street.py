"""A street at night: facades with lit windows, lamps, and a road that mirrors them when it is wet.

The world is a canyon: road at y = 0, facades at x = -half and x = +half, z ahead; metres.
"""

from dataclasses import dataclass

import numpy as np

from twostage_hdr.data.procedural.facade import (
    FARTHEST,
    Lamp,
    Walls,
    draw_lamps,
    facades,
    glitter,
    lamp_glass,
    lamplight,
)
from twostage_hdr.data.procedural.pinhole import Plane, View, colour, mix, smoothstep, span
from twostage_hdr.data.procedural.surface import Texture


@dataclass(frozen=True)
class Street:
    """Half its width, the height of the viewer and how far that one stands from the middle, in metres; its lamps."""

    half: float
    eye: float
    shift: float
    lamps: list[Lamp]


def render_night_street(height: int, width: int, rng: np.random.Generator) -> Plane:
    """Radiance (3, H, W); white paper below a lamp is about 1."""
    view = View.level(height, width, horizon=float(rng.uniform(0.5, 0.68)), focal=float(rng.uniform(0.7, 1.1)))
    half, eye = float(rng.uniform(4.5, 8.5)), float(rng.uniform(1.5, 2.4))
    shift = float(rng.uniform(-0.35, 0.35)) * half
    street = Street(half, eye, shift, draw_lamps(half, rng))
    grain = Texture.fractal(rng, size=256, coarsest=32, gain=0.8)
    side = np.where(view.x >= 0, np.float32(1), np.float32(-1)) * np.ones_like(view.y)
    z = np.minimum((half - side * np.float32(shift)) / np.maximum(np.abs(view.x), 1e-4), np.float32(FARTHEST))
    y = eye + z * view.y
    # Below the road lies the mirror image of the facades: the same walls at height |y|.
    below = span(view.y[:, 0] < 0)
    mirrored = np.abs(y)
    ground = View(view.x, view.y[below], view.focal)
    mirrored[below] += _ripples(ground, eye, grain, rng) * (y[below] < 0)
    houses, stands = facades(Walls(side, z, mirrored), half, street.lamps, grain, rng)
    picture = mix(_night_sky(mirrored / z, rng), houses, stands)
    road = _road(ground, street, picture[:, below], grain, rng)
    picture[:, below] = np.where(y[below] < 0, road, picture[:, below])
    return picture + lamp_glass(view, street.lamps, eye, shift)


def _night_sky(slope: Plane, rng: np.random.Generator) -> Plane:
    """Dark blue above the town's glow, one night of three with the last of the dusk."""
    low, high = colour(0.016, 0.012, 0.012), colour(0.002, 0.004, 0.011)
    dusk = float(rng.choice([1.0, 1.0, 6.0]))
    return mix(low, high, 1 - np.exp(-np.maximum(slope, 0) / 0.3)) * np.float32(dusk)


def _ripples(ground: View, eye: float, grain: Texture, rng: np.random.Generator) -> Plane:
    """Metres by which the road's unevenness shifts what it mirrors."""
    z = np.minimum(eye / np.maximum(-ground.y, 1e-3), FARTHEST)
    x = z * ground.x
    z = np.broadcast_to(z, x.shape).copy()
    tilt = grain(x * 9, z * 3) * 0.012 + grain(x * 60, z * 20) * 0.02
    return np.abs(tilt) * z * np.float32(rng.uniform(0.5, 2.5))


def _road(ground: View, street: Street, mirrored: Plane, grain: Texture, rng: np.random.Generator) -> Plane:
    """Asphalt and pavements, wet in patches; `mirrored` is what a flat mirror in their place would show."""
    z = np.minimum(street.eye / np.maximum(-ground.y, 1e-3), FARTHEST)
    x = z * ground.x + np.float32(street.shift)
    z = np.broadcast_to(z, x.shape).copy()
    fine = grain(x * 90, z * 90) / (1 + (z / 7) ** 2)
    patches = grain(x * 6 + 40, z * 4)
    light = lamplight(x, np.zeros_like(x), z, street.lamps, (0.0, 1.0)) + colour(0.005, 0.006, 0.009)
    diffuse = _paving(x, z, street.half, fine, patches) * light
    wetness = float(rng.uniform(0.0, 1.0))
    wet = smoothstep(0.9 - 1.8 * wetness, 1.6 - 1.8 * wetness, patches + 0.3 * fine)
    grazing = (1 - np.clip(-ground.y / ground.length(), 0, 1)) ** 5
    glossy = (0.02 + 0.8 * grazing) * (0.12 + 0.88 * wet)
    streaks = glitter(x, z, street.eye, street.shift, street.lamps, wet, fine)
    return diffuse * (1 - 0.5 * wet) + np.minimum(mirrored, 30) * glossy + streaks


def _paving(x: Plane, z: Plane, half: float, fine: Plane, patches: Plane) -> Plane:
    """Albedo: asphalt with a dashed line, and slabs on both sides."""
    curb = smoothstep(0.0, 0.06, np.abs(x) - np.float32(0.62 * half))
    slabs = np.clip(12 * np.minimum(np.abs(x * 1.1 % 1 - 0.5), np.abs(z * 0.9 % 1 - 0.5)), 0.6, 1)
    bare = mix(colour(0.055, 0.055, 0.06), colour(0.17, 0.16, 0.15) * slabs, curb)
    dash = smoothstep(0.08, 0.05, np.abs(x)) * smoothstep(0.3, 0.28, np.abs(z / 5 % 1 - 0.5))
    return mix(bare * np.exp(0.45 * fine + 0.2 * patches), colour(0.55, 0.53, 0.48) * np.exp(0.2 * fine), dash)
