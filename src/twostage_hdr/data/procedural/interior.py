"""A room by day: a bright window with a view, sun on the floor, pictures on the walls, and a lamp.

Metres: x from -half to half, y from 0 to `tall`, z from 0 (the viewer) to `deep`.
"""

from dataclasses import dataclass

import numpy as np

from twostage_hdr.data.procedural.light import black_body
from twostage_hdr.data.procedural.noise import Texture, fractal_noise
from twostage_hdr.data.procedural.pinhole import Plane, View, colour, mix, smoothstep

EYE, LAMP_RADIUS = 1.45, 0.13
"""Height of the viewer above the floor and radius of the lamp's globe, metres."""

FLOOR, CEILING, LEFT, RIGHT, BACK = range(5)
"""Faces of the room."""


@dataclass(frozen=True, kw_only=True)
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
    to_sun: Plane
    lamp: tuple[float, float, float]
    lamplight: Plane


def draw_room(rng: np.random.Generator) -> Room:
    """A room whose window is 30 to 3000 times brighter than its walls."""
    half, tall, deep = (float(rng.uniform(low, high)) for low, high in ((1.7, 2.8), (2.5, 3.1), (3.6, 6.0)))
    wide, high = float(rng.uniform(0.35, 0.45 * half)), float(rng.uniform(0.45, 0.75))
    centre = float(rng.uniform(-1, 1)) * (half - wide - 0.2)
    aim = np.array([rng.uniform(-0.7, 0.7), rng.uniform(0.6, 1.2), 1.0], dtype=np.float32)
    sunshine, lit = rng.choice([0.0, 1.0, 1.0]), rng.choice([0.0, 1.0, 1.0])
    return Room(
        half=half,
        tall=tall,
        deep=deep,
        window=(centre, float(rng.uniform(0.55 + high, tall - high - 0.2)), wide, high),
        panes=(int(rng.integers(1, 4)), int(rng.integers(1, 4))),
        daylight=black_body(rng.uniform(5200, 9500)) * np.float32(10 ** rng.uniform(0.9, 1.9)),
        sun=black_body(rng.uniform(3500, 5400)) * np.float32(sunshine * 10 ** rng.uniform(1.0, 2.0)),
        to_sun=aim / np.linalg.norm(aim),
        lamp=(rng.uniform(-0.6, 0.6) * half, tall - rng.uniform(0.5, 0.9), rng.uniform(0.55, 0.8) * deep),
        lamplight=black_body(rng.uniform(2300, 3200)) * np.float32(lit * 10 ** rng.uniform(1.8, 3.0) + 0.15),
    )


def render_interior(height: int, width: int, rng: np.random.Generator) -> Plane:
    """Radiance (3, H, W); the walls are about 0.1 to 1."""
    view = View.level(height, width, horizon=float(rng.uniform(0.42, 0.54)), focal=float(rng.uniform(0.65, 0.95)))
    room = draw_room(rng)
    viewer = float(rng.uniform(-0.4, 0.4) * room.half)
    place, normal, face = meet_walls(view, viewer, room)
    grain = Texture(rng, coarsest=48, gain=0.75)
    picture = _albedo(place, face, room, grain, rng) * light_room(place, normal, room)
    pane, frame = window_parts(place[0], place[1], room, view.focal / room.deep)
    paint = colour(0.6, 0.58, 0.53) * (room.daylight * np.float32(0.02) + np.float32(0.02))
    window = mix(mix(picture, paint, frame), _outside(view, viewer, room, rng), pane)
    return _hang_lamp(np.where(face == BACK, window, picture), view, viewer, room)


def meet_walls(view: View, viewer: float, room: Room) -> tuple[Plane, Plane, Plane]:
    """Place (3, H, W), inward normal (3, H, W) and face (H, W) where each ray from x = `viewer` meets the room."""
    along_x, along_y = (np.maximum(np.abs(slope), np.float32(1e-6)) for slope in (view.x, view.y))
    to_x = (room.half - np.sign(view.x) * np.float32(viewer)) / along_x
    to_y = np.where(view.y > 0, np.float32(room.tall - EYE), np.float32(EYE)) / along_y
    z = np.minimum(np.minimum(to_x, to_y), np.float32(room.deep))
    level, side = to_y == z, to_x == z
    face = np.select(
        [level & (view.y > 0), level, side & (view.x > 0), side], [CEILING, FLOOR, RIGHT, LEFT], default=BACK
    )
    normals = np.array([[0, 1, 0], [0, -1, 0], [1, 0, 0], [-1, 0, 0], [0, 0, -1]], dtype=np.float32)
    place = np.stack([np.float32(viewer) + view.x * z, np.float32(EYE) + view.y * z, z])
    return place, normals[face].transpose(2, 0, 1), face


def window_parts(x: Plane, y: Plane, room: Room, sharpness: float) -> tuple[Plane, Plane]:
    """Share of glass and share of frame at places of the back wall; `sharpness` in pixels per metre."""
    centre_x, centre_y, wide, high = room.window
    u, v = x - np.float32(centre_x), y - np.float32(centre_y)
    inside = np.maximum(np.abs(u) - np.float32(wide), np.abs(v) - np.float32(high))
    bar = np.minimum(_to_bar(u, wide, room.panes[0]), _to_bar(v, high, room.panes[1]))
    soft = np.float32(sharpness)
    glass = np.clip(0.5 - inside * soft, 0, 1) * np.clip((bar - np.float32(0.022)) * soft + 0.5, 0, 1)
    return glass, np.clip(0.5 - (inside - np.float32(0.07)) * soft, 0, 1)


def _to_bar(offset: Plane, half: float, panes: int) -> Plane:
    """Distance in metres to the nearest bar between the panes along one side of the window."""
    pane = offset * np.float32(panes / (2 * half)) + np.float32(0.5 * panes)
    return np.abs(pane - np.round(pane)) * np.float32(2 * half / panes)


def light_room(place: Plane, normal: Plane, room: Room) -> Plane:
    """Irradiance / pi (3, H, W) at places with normals: window, lamp, sun through the panes, and what walls return."""
    x, y, wide, high = room.window
    area = 4 * wide * high
    # The window shines from just outside, so that the wall beside it stays dark.
    share, ahead = _arriving(place, normal, (x, y, room.deep + 0.25), 0.7 * max(wide, high))
    total = room.daylight * np.float32(0.32 * area) * (share * np.maximum(ahead, 0))
    total += room.lamplight * np.float32(0.011) * _arriving(place, normal, room.lamp, LAMP_RADIUS)[0]
    onward = (np.float32(room.deep) - place[2]) / room.to_sun[2]
    pane, _ = window_parts(place[0] + onward * room.to_sun[0], place[1] + onward * room.to_sun[1], room, 90.0)
    total += room.sun * (pane * np.maximum(np.tensordot(room.to_sun, normal, 1), 0))
    bounced = room.daylight * np.float32(0.004 * area) + room.lamplight * np.float32(0.0003)
    bounced = (bounced + room.sun * np.float32(0.003)) * colour(1, 0.93, 0.85)
    edge = np.minimum(np.minimum(place[1], room.tall - place[1]), np.float32(room.half) - np.abs(place[0]))
    return total + bounced * (0.55 + 0.45 * smoothstep(0.0, 0.6, edge))


def _arriving(place: Plane, normal: Plane, source: tuple[float, float, float], radius: float) -> tuple[Plane, Plane]:
    """Light that arrives from a round source of power 1, and how much of its way leads ahead (both H, W)."""
    way = colour(*source) - place
    squared = (way * way).sum(axis=0)
    way /= np.sqrt(squared)
    return np.maximum((way * normal).sum(axis=0), 0) / (squared + np.float32(radius**2)), way[2]


def _albedo(place: Plane, face: Plane, room: Room, grain: Texture, rng: np.random.Generator) -> Plane:
    """Painted or brick walls with pictures, a boarded floor, a white ceiling."""
    x, y, z = place
    across = np.where(face == BACK, x, z)
    paint = rng.uniform(0.15, 0.7) + rng.uniform(-0.1, 0.1, 3)
    wall = colour(*paint) * np.exp(0.07 * grain(across * 40, y * 40) + 0.07 * grain(across * 700, y * 700))
    if rng.random() < 0.3:
        wall = _bricks(across, y, grain)
    hung = (face == LEFT) | (face == RIGHT)
    wall = mix(wall, colour(0.6, 0.58, 0.54), smoothstep(0.12, 0.11, y))  # the skirting board
    wall = _with_pictures(wall, across, y, hung & (across < room.deep - 0.3), grain)
    floor = _boards(x, z, grain) * np.float32(rng.uniform(0.5, 1.2))
    ceiling = colour(0.72, 0.71, 0.68) * np.exp(0.04 * grain(x * 500, z * 500))
    return np.where(face == FLOOR, floor, np.where(face == CEILING, ceiling, wall))


def _bricks(u: Plane, v: Plane, grain: Texture) -> Plane:
    """Bricks of 22 by 7.5 cm, every second course shifted by half, with pale joints."""
    course = np.floor(v / np.float32(0.075))
    along = u / np.float32(0.22) + 0.5 * (course % 2)
    upright = np.abs(along - np.floor(along) - 0.5) - 0.455
    joint = np.maximum(upright, np.abs(v / np.float32(0.075) - course - 0.5) - 0.40)
    tone = 0.25 * np.sin(np.floor(along) * 3.3 + course * 7.1) + 0.2 * grain(u * 400, v * 400)
    return mix(colour(0.42, 0.18, 0.11) * np.exp(tone), colour(0.5, 0.47, 0.42), smoothstep(0.0, 0.03, joint))


def _boards(x: Plane, z: Plane, grain: Texture) -> Plane:
    """Wooden boards of 14 cm along z, each cut from another log."""
    row = np.floor(x / np.float32(0.14))
    log = (np.sin(row * 12.9898) * 43758.547) % 1
    fibre = grain(z * 60 + 900 * log, x * 900) + 0.6 * grain(z * 300, x * 3000)
    light = np.clip(0.5 + 0.18 * fibre + 0.5 * (log - 0.5), 0, 1)
    albedo = mix(colour(0.3, 0.16, 0.07), colour(0.58, 0.34, 0.17), light)
    return albedo * (1 - 0.75 * smoothstep(0.475, 0.495, np.abs(x / np.float32(0.14) - row - 0.5)))


def _with_pictures(wall: Plane, across: Plane, y: Plane, hung: Plane, grain: Texture) -> Plane:
    """Abstract prints in dark frames, 1.1 m apart at a height of 1.55 m, where `hung` (H, W) says."""
    which = np.floor(across / np.float32(1.1))
    beyond = np.maximum(np.abs(across - (which + 0.5) * 1.1) - 0.3, np.abs(y - 1.55) - 0.24)
    blot = 1.3 * grain(across * 60, y * 60)
    hue = 0.5 + 0.5 * np.sin(np.stack([which * 2.1, which * 3.7 + 1, which * 5.3 + 2]) + blot)
    picture = mix(0.05 + 0.6 * hue**2, colour(0.06, 0.04, 0.03), smoothstep(-0.035, -0.03, beyond))
    return mix(wall, picture, smoothstep(0.01, 0.0, beyond) * hung)


def _outside(view: View, viewer: float, room: Room, rng: np.random.Generator) -> Plane:
    """Sky, trees and a lawn, far out there and bright, with a glare where the sun stands behind the clouds."""
    rows, columns = view.y.shape
    x, y, wide, high = room.window
    right, up = (x + rng.uniform(-1, 1) * wide - viewer) / room.deep, (y + rng.uniform(0, 1) * high - EYE) / room.deep
    glare = 1 + 15 * np.exp(-np.hypot(view.x - np.float32(right), view.y - np.float32(up)) / np.float32(0.04))
    leaves = fractal_noise(rows, columns, rng, coarsest=max(8, rows / 12), gain=0.7)
    skyline = 0.05 + 0.05 * fractal_noise(1, columns, rng, coarsest=max(4, columns / 10), gain=0.6)
    slope = view.y + np.float32(0.02) * leaves
    clouds = fractal_noise(rows, columns, rng, coarsest=max(8, rows / 3), gain=0.5)
    sky = mix(colour(0.45, 0.65, 1.0), colour(1.5, 1.5, 1.5), smoothstep(-0.5, 1.5, clouds))
    green = colour(0.10, 0.17, 0.05) * np.exp(0.7 * leaves)
    lawn = colour(0.22, 0.30, 0.09) * np.exp(0.2 * leaves)
    ground = mix(lawn, green, smoothstep(-0.03, -0.01, slope))
    return mix(sky * glare, ground, smoothstep(0.01, -0.01, slope - skyline)) * room.daylight


def _hang_lamp(picture: Plane, view: View, viewer: float, room: Room) -> Plane:
    """A glass globe with a filament in it, on a cord; `viewer` is the x that one looks from."""
    x, y, z = room.lamp
    right, up = view.x - np.float32((x - viewer) / z), view.y - np.float32((y - EYE) / z)
    radius, soft = LAMP_RADIUS / z, 0.7 / view.focal
    cord = smoothstep(0.008 / z + soft, 0.008 / z - soft, np.abs(right)) * (up > 0)
    distance = np.hypot(right, up)
    core = 0.45 + 0.55 * np.sqrt(np.maximum(1 - (distance / np.float32(radius)) ** 2, 0))
    filament = 10 * np.exp(-((distance / np.float32(0.3 * radius)) ** 2))
    globe = smoothstep(radius + soft, radius - soft, distance)
    return mix(picture * (1 - np.float32(0.9) * cord), room.lamplight * (core + filament), globe)
