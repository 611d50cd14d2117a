"""A cabinet, a table and the balls on them."""

import numpy as np

from twostage_hdr.data.procedural import surface
from twostage_hdr.data.procedural.noise import Texture
from twostage_hdr.data.procedural.plane import Plane, colour
from twostage_hdr.data.procedural.room import Room
from twostage_hdr.data.procedural.solids import Box, Rays, Solid, Sphere


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
