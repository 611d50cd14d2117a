"""A box-shaped room with a window in its back wall.

Metres: x from -half to half, y from 0 to `tall`, z from 0 (the viewer) to `deep`.
"""

from dataclasses import dataclass

import numpy as np

from twostage_hdr.data.procedural.light import black_body
from twostage_hdr.data.procedural.pinhole import Plane, colour, dot, smoothstep, span
from twostage_hdr.data.procedural.solids import Light, Rays, Solid
from twostage_hdr.data.procedural.surface import Texture

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


LAMP_RADIUS = 0.13
"""Radius of the lamp's globe in metres."""

SUN_RADIUS = 0.005
"""Angular radius of the sun in radians."""

SHADOW_MARGIN = 0.3
"""Metres above the furniture in which its shadows' soft edges end."""


def light_room(place: Plane, normal: Plane, own: Plane, solids: list[Solid], room: Room) -> Plane:
    """Irradiance / pi (3, H, W) at places with normals; `own` (H, W) is the solid there, -1 for a wall."""
    x, y, wide, high = room.window
    area = 4 * wide * high
    open_sky = np.ones_like(own)
    for index, solid in enumerate(solids):
        open_sky *= np.where(own == index, np.float32(1), solid.openness(place, normal))
    # The window shines from just outside, so that the wall beside it stays dark.
    through = (x, y, room.deep + 0.25)
    share, slant = _source(place, normal, own, solids, through, 0.7 * max(wide, high))
    total = room.daylight * np.float32(0.32 * area) * (share * slant)
    share, _ = _source(place, normal, own, solids, room.lamp, LAMP_RADIUS)
    total += room.lamplight * np.float32(0.011) * share
    total += _sunlight(place, normal, own, solids, room)
    return total + _bounced(room, area) * (_corners(place, own, room) * open_sky)


def _source(
    place: Plane,
    normal: Plane,
    own: Plane,
    solids: list[Solid],
    at: tuple[float, float, float],
    radius: float,
) -> tuple[Plane, Plane]:
    """Light that arrives from a round source of power 1, and how much of its way leads ahead (both H, W)."""
    light = Light.at(at, radius, place)
    facing = np.maximum(dot(light.direction, normal), 0)
    # Below a light, a thing's shadow falls below its top; a margin leaves room for the soft edge.
    top = max(solid.top for solid in solids)
    rows = span((place[1] < top + SHADOW_MARGIN).any(axis=1)) if at[1] > top else slice(None)
    for index, solid in enumerate(solids):
        left = solid.shade(place[:, rows], light.rows(rows))
        facing[rows] *= np.where(own[rows] == index, np.float32(1), left)
    return facing / (light.distance**2 + np.float32(radius**2)), np.maximum(light.direction[2], 0)


def _sunlight(place: Plane, normal: Plane, own: Plane, solids: list[Solid], room: Room) -> Plane:
    """Sun that comes in through the panes and paints them on floor and walls, (3, H, W)."""
    sx, sy, sz = (np.float32(part) for part in room.to_sun)
    onward = (np.float32(room.deep) - place[2]) / sz
    pane, _ = window_parts(place[0] + onward * sx, place[1] + onward * sy, room, 90.0)
    share = pane * np.maximum(normal[0] * sx + normal[1] * sy + normal[2] * sz, 0)
    lit = share > 0
    if float(room.sun.max()) > 0 and lit.any():
        # Only few places see the sun: look for what shades it at these alone, as a picture of one row.
        points, owner = place[:, lit][:, None], own[lit][None]
        direction = np.broadcast_to(np.array(room.to_sun, dtype=np.float32).reshape(3, 1, 1), points.shape)
        far_away = Light(direction, np.full_like(owner, np.inf), np.full_like(owner, SUN_RADIUS))
        left = share[lit][None]
        for index, solid in enumerate(solids):
            left = left * np.where(owner == index, np.float32(1), solid.shade(points, far_away))
        share[lit] = left[0]
    return room.sun * share


def _bounced(room: Room, area: float) -> Plane:
    """Light (3, 1, 1) that has been about the room, warmed by its walls."""
    arriving = room.daylight * np.float32(0.004 * area) + room.lamplight * np.float32(0.0003)
    return (arriving + room.sun * np.float32(0.003)) * colour(1, 0.93, 0.85)


def _corners(place: Plane, own: Plane, room: Room) -> Plane:
    """1 out in the room, less along its edges."""
    edge = np.minimum(np.minimum(place[1], room.tall - place[1]), np.float32(room.half) - np.abs(place[0]))
    return 0.55 + 0.45 * smoothstep(0.0, 0.6, np.where(own >= 0, np.float32(1), edge))


def mirrored_lights(rays: Rays, place: Plane, normal: Plane, room: Room, shine: Plane, grain: Texture) -> Plane:
    """Window and lamp (3, H, W) seen in the polished floor and on the balls; `shine` (H, W) at right angles."""
    toward = rays.direction / np.sqrt(dot(rays.direction, rays.direction))
    facing = dot(toward, normal)
    bounced = toward - 2 * facing * normal
    bounced[0] += 0.012 * grain(place[0] * 90, place[2] * 90)
    onward = (np.float32(room.deep) - place[2]) / np.maximum(bounced[2], 1e-2)
    pane, _ = window_parts(place[0] + onward * bounced[0], place[1] + onward * bounced[1], room, 14.0)
    fresnel = shine + (1 - shine) * (1 - np.clip(-facing, 0, 1)) ** 5
    to_lamp = np.array(room.lamp, dtype=np.float32).reshape(3, 1, 1) - place
    near = dot(bounced, to_lamp) / np.sqrt(dot(to_lamp, to_lamp))
    glint = room.lamplight * np.exp(np.minimum(near - 1, 0) * 500)
    return (room.daylight * (pane * (bounced[2] > 0)) + glint) * (fresnel * (shine > 0))
