"""A cabinet, a table and the balls on them."""

import numpy as np

from twostage_hdr.data.procedural import surface
from twostage_hdr.data.procedural.pinhole import Plane, colour, mix, smoothstep, span
from twostage_hdr.data.procedural.room import BACK, CEILING, FLOOR, LEFT, RIGHT, Room
from twostage_hdr.data.procedural.solids import Box, Rays, Solid, Sphere
from twostage_hdr.data.procedural.surface import Texture


def draw_furniture(room: Room, rng: np.random.Generator) -> list[Solid]:
    """A cabinet at one wall with a ball on it, a table with one to three balls, perhaps a ball on the floor."""
    left = float(rng.choice([-1, 1]))
    tall = float(rng.uniform(0.3, 0.55))
    cabinet = Box((left * (room.half - 0.25), tall, room.deep * float(rng.uniform(0.6, 0.8))), (0.25, tall, 0.55))
    z = room.deep * float(rng.uniform(0.6, 0.8))
    x = -left * float(rng.uniform(0.1, 0.5)) * room.half
    turn = float(rng.uniform(-0.5, 0.5))
    top, foot = Box((x, 0.70, z), (0.55, 0.03, 0.35), turn), Box((x, 0.335, z), (0.1, 0.335, 0.1), turn)
    solids: list[Solid] = [cabinet, top, foot]
    for _ in range(int(rng.integers(1, 4))):
        radius = float(rng.uniform(0.06, 0.13))
        beside, behind = float(rng.uniform(-0.35, 0.35)), float(rng.uniform(-0.2, 0.2))
        solids.append(Sphere((x + beside, 0.73 + radius, z + behind), radius))
    if rng.random() < 0.6:
        radius = float(rng.uniform(0.15, 0.3))
        beside = left * float(rng.uniform(0.0, 0.4)) * room.half
        solids.append(Sphere((beside, radius, room.deep * float(rng.uniform(0.55, 0.8))), radius))
    return [*solids, Sphere((cabinet.centre[0], 2 * tall + 0.16, cabinet.centre[2]), 0.16)]


def furnish(
    rays: Rays,
    solids: list[Solid],
    surroundings: tuple[Plane, Plane, Plane],
    grain: Texture,
    rng: np.random.Generator,
) -> Plane:
    """Put the solids in front of place, normal and albedo (3, H, W each), in place.

    Returns which solid each pixel shows (H, W), -1 for none.
    """
    place, normal, albedo = surroundings
    own = np.full(place.shape[1:], -1, dtype=np.float32)
    for index, solid in enumerate(solids):
        distance, facing = solid.meet(rays)
        seen = distance < place[2]
        if not seen.any():
            continue
        rows, columns = (slice(int(i.min()), int(i.max()) + 1) for i in np.nonzero(seen))
        seen = seen[rows, columns]
        part = Rays(rays.origin, rays.direction[:, rows, columns])
        point = part.at(np.where(seen, distance[rows, columns], 0))
        skin = _skin(solid, index, point, grain, rng)
        for whole, piece in ((place, point), (normal, facing[:, rows, columns]), (albedo, skin)):
            whole[:, rows, columns] = np.where(seen, piece, whole[:, rows, columns])
        own[rows, columns] = np.where(seen, np.float32(index), own[rows, columns])
    return own


def _skin(solid: Solid, index: int, point: Plane, grain: Texture, rng: np.random.Generator) -> Plane:
    """Albedo: wood for boxes, stone or paint for balls."""
    local = point - np.array(solid.centre, dtype=np.float32).reshape(3, 1, 1)
    u, v = local[0] + np.float32(0.6) * local[2] + np.float32(index), local[1] + np.float32(0.25) * local[2]
    if isinstance(solid, Box):
        return surface.wood(u, v, grain, rng, board=0.45)
    if rng.random() < 0.4:
        return surface.marble(u * 0.5, v * 0.5, grain, rng)
    return colour(*map(float, rng.uniform(0.05, 0.75, 3))) * np.exp(0.12 * grain(u * 300, v * 300))


PICTURE_SPACING, PICTURE_HEIGHT = 1.1, 1.55
"""Distance between the pictures' middles and their height, metres."""

SKIRTING = 0.12
"""Height of the skirting board, metres."""


def decorate(place: Plane, face: Plane, room: Room, grain: Texture, rng: np.random.Generator) -> tuple[Plane, Plane]:
    """Albedo (3, H, W) of the bare room at the places seen, and the share of light that it mirrors (H, W)."""
    x, y, z = place
    across = np.where(face == BACK, x, z)
    albedo = np.empty_like(place)
    # Floor and ceiling fill a part of the rows each: their textures are looked up there only.
    low, high = span((y < SKIRTING).any(axis=1)), span((face == CEILING).any(axis=1))
    floor, polish = _floor(x[low], z[low], room, grain, rng)
    albedo[:] = _wall(across, y, grain, rng)
    _hang_pictures(albedo, across, y, face, grain, room)
    skirting = colour(0.6, 0.58, 0.54) * (1 + 0.03 * grain(across[low] * 500, y[low] * 500))
    walls = mix(albedo[:, low], skirting, smoothstep(SKIRTING, SKIRTING - 0.01, y[low]))
    albedo[:, low] = np.where(face[low] == FLOOR, floor, walls)
    ceiling = colour(0.72, 0.71, 0.68) * np.exp(0.04 * grain(x[high] * 500, z[high] * 500))
    albedo[:, high] = np.where(face[high] == CEILING, ceiling, albedo[:, high])
    return albedo, np.where(face == FLOOR, np.float32(polish), np.float32(0))


def _floor(x: Plane, z: Plane, room: Room, grain: Texture, rng: np.random.Generator) -> tuple[Plane, float]:
    """Boards, tiles or stone, every second time with a rug; and how much the floor mirrors."""
    kind = (surface.wood, surface.wood, surface.tiles, surface.marble)[int(rng.integers(4))]
    boards = kind is surface.wood
    floor = surface.wood(z, x, grain, rng) if boards else kind(x, z, grain, rng)
    half, middle = float(rng.uniform(0.7, 1.2)), float(rng.uniform(0.5, 0.65)) * room.deep
    if rng.random() < 0.5:
        inside = np.maximum(np.abs(x) - np.float32(half), np.abs(z - np.float32(middle)) - np.float32(0.8))
        pile = surface.cloth(x * 0.3, z * 0.3, grain, rng) * np.exp(0.25 * grain(x * 300, z * 300))
        floor = mix(floor, pile, smoothstep(0.02, 0.0, inside))
    return floor, 0.03 if boards else 0.04


def _wall(across: Plane, y: Plane, grain: Texture, rng: np.random.Generator) -> Plane:
    """Plain paint, stripes or bricks."""
    wall = surface.plaster(across, y, grain, rng)
    style = rng.random()
    if style < 0.3:
        stripe = smoothstep(-0.2, 0.2, np.sin(across * np.float32(rng.uniform(18, 45))))
        return wall * (1 - np.float32(rng.uniform(0.1, 0.4)) * stripe)
    return surface.bricks(across, y, grain) if style < 0.5 else wall


def _hang_pictures(albedo: Plane, across: Plane, y: Plane, face: Plane, grain: Texture, room: Room) -> None:
    """Pictures on the side walls, in place: a dark frame, a pale mount and an abstract print."""
    beyond = _beyond_picture(across, y)
    hung = ((face == LEFT) | (face == RIGHT)) & (across < room.deep - 0.3) & (beyond < 0.01)
    rows, columns = span(hung.any(axis=1)), span(hung.any(axis=0))
    if not hung.any():
        return
    beyond, u, v = beyond[rows, columns], across[rows, columns], y[rows, columns]
    which = np.floor(u / np.float32(PICTURE_SPACING)) + 7 * face[rows, columns]
    blot = grain(u * 60 + 37 * which, v * 60)
    hue = 0.5 + 0.5 * np.sin(np.stack([which * 2.1, which * 3.7 + 1, which * 5.3 + 2]) + blot * 1.3)
    picture = mix(0.05 + 0.6 * hue**2, colour(0.72, 0.70, 0.66), smoothstep(-0.09, -0.085, beyond))
    picture = mix(picture, colour(0.06, 0.04, 0.03), smoothstep(-0.035, -0.03, beyond))
    share = smoothstep(0.01, 0.0, beyond) * hung[rows, columns]
    albedo[:, rows, columns] = mix(albedo[:, rows, columns], picture, share)


def _beyond_picture(across: Plane, y: Plane) -> Plane:
    """Metres to the nearest picture's edge, negative inside it."""
    u = across / np.float32(PICTURE_SPACING)
    sideways = np.abs(u - np.floor(u) - 0.5) * PICTURE_SPACING - 0.3
    return np.maximum(sideways, np.abs(y - PICTURE_HEIGHT) - 0.24)
