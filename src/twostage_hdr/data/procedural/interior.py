"""A room by day: a bright window, sun on the floor, textured walls, pictures, a lamp and a little furniture."""

import cv2
import numpy as np

from twostage_hdr.data.procedural.furniture import decorate, draw_furniture, furnish
from twostage_hdr.data.procedural.pinhole import Plane, View, colour, mix, smoothstep
from twostage_hdr.data.procedural.room import (
    BACK,
    EYE,
    LAMP_RADIUS,
    Room,
    draw_room,
    light_room,
    meet_walls,
    mirrored_lights,
    window_parts,
)
from twostage_hdr.data.procedural.solids import Rays
from twostage_hdr.data.procedural.surface import Texture, fractal_noise


def render_interior(height: int, width: int, rng: np.random.Generator) -> Plane:
    """Radiance (3, H, W); the walls are about 0.1 to 1."""
    view = View.level(height, width, horizon=float(rng.uniform(0.42, 0.54)), focal=float(rng.uniform(0.65, 0.95)))
    room = draw_room(rng)
    rays = Rays(np.array([rng.uniform(-0.4, 0.4) * room.half, EYE, 0], dtype=np.float32), view.directions())
    grain = Texture.fractal(rng, size=256, coarsest=48, gain=0.75)
    place, normal, face = meet_walls(rays, room)
    albedo, shine = decorate(place, face, room, grain, rng)
    solids = draw_furniture(room, rng)
    own = furnish(rays, solids, (place, normal, albedo), grain, rng)
    shine = np.where(own >= 0, np.float32(0.03), shine)
    picture = albedo * light_room(place, normal, own, solids, room)
    picture = _set_window(picture, place, (face == BACK) & (own < 0), view, room, rng)
    picture += mirrored_lights(rays, place, normal, room, shine, grain)
    return _hang_lamp(picture, view, float(rays.origin[0]), room)


def _set_window(picture: Plane, place: Plane, wall: Plane, view: View, room: Room, rng: np.random.Generator) -> Plane:
    """Frame and panes where the back `wall` (H, W) shows, and the view outside."""
    pane, frame = window_parts(place[0], place[1], room, view.focal / room.deep)
    paint = colour(0.6, 0.58, 0.53) * (room.daylight * np.float32(0.02) + np.float32(0.02))
    return np.where(wall, mix(mix(picture, paint, frame), _outside(view, room, rng), pane), picture)


def _outside(view: View, room: Room, rng: np.random.Generator) -> Plane:
    """Sky, trees and a lawn, far out there and bright."""
    rows, columns = view.y.shape[0], view.x.shape[1]
    leaves = cv2.GaussianBlur(fractal_noise(rows, columns, rng, coarsest=max(8, rows / 12), gain=0.8), (0, 0), 0.7)
    skyline = 0.05 + 0.05 * fractal_noise(1, columns, rng, coarsest=max(4, columns / 10), gain=0.6)
    slope = view.y + np.float32(0.02) * leaves
    clouds = fractal_noise(rows, columns, rng, coarsest=max(8, rows / 3), gain=0.5)
    sky = mix(colour(0.45, 0.65, 1.0), colour(1.5, 1.5, 1.5), smoothstep(-0.5, 1.5, clouds))
    green = colour(0.10, 0.17, 0.05) * np.exp(0.7 * leaves)
    lawn = colour(0.22, 0.30, 0.09) * np.exp(0.2 * leaves)
    ground = mix(lawn, green, smoothstep(-0.03, -0.01, slope))
    return mix(sky, ground, smoothstep(0.01, -0.01, slope - skyline)) * room.daylight


def _hang_lamp(picture: Plane, view: View, viewer: float, room: Room) -> Plane:
    """A glass globe with a filament in it, on a cord; `viewer` is the x that one looks from."""
    x, y, z = room.lamp
    at_x, at_y, radius = (x - viewer) / z, (y - EYE) / z, LAMP_RADIUS / z
    soft = 0.7 / view.focal
    distance = np.hypot(view.x - np.float32(at_x), view.y - np.float32(at_y))
    cord = smoothstep(0.008 / z + soft, 0.008 / z - soft, np.abs(view.x - np.float32(at_x))) * (view.y > at_y)
    picture = picture * (1 - np.float32(0.9) * cord)
    filament = 10 * np.exp(-((distance / np.float32(0.3 * radius)) ** 2))
    globe = smoothstep(radius + soft, radius - soft, distance)
    core = 0.45 + 0.55 * np.sqrt(np.maximum(1 - (distance / np.float32(radius)) ** 2, 0))
    return mix(picture, room.lamplight * (core + filament), globe)
