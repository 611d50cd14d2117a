"""What a bare room is made of: floor and rug, painted, striped or brick walls, pictures, skirting and ceiling."""

import numpy as np

from twostage_hdr.data.procedural import surface
from twostage_hdr.data.procedural.noise import Texture
from twostage_hdr.data.procedural.plane import Plane, colour, mix, smoothstep, span
from twostage_hdr.data.procedural.room import BACK, CEILING, FLOOR, LEFT, RIGHT, Room

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
