"""How a room is lit: window, lamp, sun through the panes, and what its polished surfaces mirror."""

import numpy as np

from twostage_hdr.data.procedural.noise import Texture
from twostage_hdr.data.procedural.plane import Plane, colour, dot, smoothstep, span
from twostage_hdr.data.procedural.room import Room, window_parts
from twostage_hdr.data.procedural.solids import Light, Rays, Solid

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
