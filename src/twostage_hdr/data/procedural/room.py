"""A box-shaped room with a window in its back wall.

Metres: x from -half to half, y from 0 to `tall`, z from 0 (the viewer) to `deep`.
"""

from dataclasses import dataclass

import numpy as np

from twostage_hdr.data.procedural.light import black_body
from twostage_hdr.data.procedural.plane import Plane
from twostage_hdr.data.procedural.solids import Rays

EYE = 1.45
"""Height of the viewer above the floor in metres."""
FLOOR, CEILING, LEFT, RIGHT, BACK = 0, 1, 2, 3, 4
"""Faces of the room."""


@dataclass(frozen=True)
class Room:
    """A room and its lights.

    Attributes:
        half: half its width in metres.
        tall: its height.
        deep: its depth.
        window: centre x and y, half width and half height of the window.
        panes: panes across and up.
        daylight: radiance of the outside, (3, 1, 1).
        sun: radiance of white paper in the sun, (3, 1, 1); 0 when the sun does not shine in.
        to_sun: unit vector.
        lamp: place of the lamp.
        lamplight: radiance of its glass, (3, 1, 1).
    """

    half: float
    tall: float
    deep: float
    window: tuple[float, float, float, float]
    panes: tuple[int, int]
    daylight: Plane
    sun: Plane
    to_sun: tuple[float, float, float]
    lamp: tuple[float, float, float]
    lamplight: Plane


def draw_room(rng: np.random.Generator) -> Room:
    """A room whose window is 30 to 3000 times brighter than its walls."""
    half, tall, deep = float(rng.uniform(1.7, 2.8)), float(rng.uniform(2.5, 3.1)), float(rng.uniform(3.6, 6.0))
    wide, high = float(rng.uniform(0.35, 0.45 * half)), float(rng.uniform(0.45, 0.75))
    centre = float(rng.uniform(-1, 1)) * (half - wide - 0.2)
    window = (centre, float(rng.uniform(0.55 + high, tall - high - 0.2)), wide, high)
    daylight = black_body(float(rng.uniform(5200, 9500))) * np.float32(10 ** rng.uniform(0.9, 1.9))
    sunshine = black_body(float(rng.uniform(3500, 5400)))
    sun = sunshine * np.float32(rng.choice([0.0, 1.0, 1.0]) * 10 ** rng.uniform(1.0, 2.0))
    aim = np.array([rng.uniform(-0.7, 0.7), rng.uniform(0.45, 0.9), 1.0])
    x, y, z = (float(part) for part in aim / np.linalg.norm(aim))
    lamp_x, below = float(rng.uniform(-0.6, 0.6)) * half, float(rng.uniform(0.5, 0.9))
    lamp = (lamp_x, tall - below, float(rng.uniform(0.55, 0.8)) * deep)
    on = float(rng.random() < 0.6)
    lamplight = black_body(float(rng.uniform(2300, 3200))) * np.float32(on * 10 ** rng.uniform(1.8, 3.0) + 0.15)
    panes = (int(rng.integers(1, 4)), int(rng.integers(1, 4)))
    return Room(half, tall, deep, window, panes, daylight, sun, (x, y, z), lamp, lamplight)


def meet_walls(rays: Rays, room: Room) -> tuple[Plane, Plane, Plane]:
    """Place (3, H, W), inward normal (3, H, W) and face (H, W) where each ray meets the room."""
    x, y, _ = rays.direction
    tiny = np.float32(1e-6)
    to_x = np.where(x > 0, room.half - rays.origin[0], room.half + rays.origin[0]) / np.maximum(np.abs(x), tiny)
    to_y = np.where(y > 0, np.float32(room.tall - EYE), np.float32(EYE)) / np.maximum(np.abs(y), tiny)
    distance = np.minimum(np.minimum(to_x, to_y), np.float32(room.deep))
    side, level = distance == to_x, distance == to_y
    across = np.where(side, np.where(x > 0, np.float32(RIGHT), np.float32(LEFT)), np.float32(BACK))
    face = np.where(level, np.where(y > 0, np.float32(CEILING), np.float32(FLOOR)), across)
    normal = np.zeros_like(rays.direction)
    normal[0] = np.where(side & ~level, -np.sign(x), 0)
    normal[1] = np.where(level, -np.sign(y), 0)
    normal[2] = np.where(face == BACK, np.float32(-1), 0)
    return rays.at(distance), normal, face


def window_parts(x: Plane, y: Plane, room: Room, sharpness: float) -> tuple[Plane, Plane]:
    """Share of glass and share of frame at places of the back wall; `sharpness` in pixels per metre."""
    centre_x, centre_y, wide, high = room.window
    u, v = x - np.float32(centre_x), y - np.float32(centre_y)
    inside = np.maximum(np.abs(u) - np.float32(wide), np.abs(v) - np.float32(high))
    bar = np.minimum(_to_bar(u, wide, room.panes[0]), _to_bar(v, high, room.panes[1]))
    soft = np.float32(max(sharpness, 1e-3))
    glass = np.clip(0.5 - inside * soft, 0, 1) * np.clip((bar - np.float32(0.022)) * soft + 0.5, 0, 1)
    return glass, np.clip(0.5 - (inside - np.float32(0.07)) * soft, 0, 1)


def _to_bar(offset: Plane, half: float, panes: int) -> Plane:
    """Distance in metres to the nearest bar between the panes along one side of the window."""
    pane = offset * np.float32(panes / (2 * half)) + np.float32(0.5 * panes)
    return np.abs(pane - np.round(pane)) * np.float32(2 * half / panes)
