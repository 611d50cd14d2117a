"""Balls and boxes on a table: soft shadows, mirrored lamps, and lights far out of focus behind."""

import numpy as np

from twostage_hdr.data.procedural import surface
from twostage_hdr.data.procedural.light import black_body
from twostage_hdr.data.procedural.pinhole import Plane, View, colour, mix, smoothstep, span
from twostage_hdr.data.procedural.solids import Box, Rays, Solid, Sphere
from twostage_hdr.data.procedural.studio import BACKDROP, TABLE, Sight, Studio, draw_studio, light_table
from twostage_hdr.data.procedural.surface import Texture


def render_backdrop(view: View, studio: Studio, grain: Texture, rng: np.random.Generator) -> Plane:
    """Radiance (3, H, W) of the wall, with 8 to 27 lights two times of three."""
    x, y, _ = view.directions()
    hue = colour(*map(float, rng.uniform(0.2, 1.0, 3)))
    middle = np.float32(0.2 * np.sign(studio.key[0]))
    wall = hue * (0.5 + 0.5 * np.exp(-((x - middle) ** 2 + y**2) / np.float32(0.12)))
    wall = wall * np.exp(0.25 * grain(x * 25, y * 25) + 0.03 * grain(x * 500, y * 500))
    picture = wall * (studio.ambient * np.float32(0.6) + studio.tint * np.float32(0.06))
    if rng.random() < 0.67:
        for _ in range(int(rng.integers(8, 28))):
            _add_blurred_light(picture, x, y, rng)
    return picture


def _add_blurred_light(picture: Plane, x: Plane, y: Plane, rng: np.random.Generator) -> None:
    """Add a disc, a little brighter towards its rim, as a lens out of focus draws a lamp."""
    radius = float(rng.uniform(0.012, 0.035))
    at_x, at_y = np.float32(rng.uniform(-0.45, 0.45)), np.float32(rng.uniform(-0.1, 0.35))
    if rng.random() < 0.8:
        tint = black_body(float(rng.choice([1900, 2600, 3300, 6500])))
    else:
        tint = colour(*map(float, rng.uniform(0.05, 1, 3)))
    radiance = np.float32(10 ** rng.uniform(-0.5, 2))
    rows, columns = span(np.abs(y[:, 0] - at_y) < radius), span(np.abs(x[0] - at_x) < radius)
    distance = np.hypot(x[rows, columns] - at_x, y[rows, columns] - at_y)
    disc = smoothstep(radius, radius * 0.93, distance) * (0.75 + 0.25 * smoothstep(0.6 * radius, radius, distance))
    picture[:, rows, columns] += tint * (disc * radiance)


EYE = 0.42
"""Height of the viewer above the table in metres."""
MOST_SOLIDS = 9
"""Objects on the table."""
_METALS = ((0.95, 0.79, 0.40), (0.93, 0.62, 0.50), (0.80, 0.81, 0.83))
"""Reflectances of brass, copper and steel."""


def render_still_life(height: int, width: int, rng: np.random.Generator) -> Plane:
    """Radiance (3, H, W); white paper in the key light is about 1."""
    view = View.level(height, width, horizon=float(rng.uniform(0.12, 0.34)), focal=float(rng.uniform(1.3, 1.9)))
    rays = Rays(np.array([0, EYE, 0], dtype=np.float32), view.directions())
    studio = draw_studio(rng)
    solids = _draw_solids(rays, rng)
    grain = Texture.fractal(rng, size=256, coarsest=48, gain=0.75)
    sight = _see_table(rays, float(rng.uniform(2.4, 3.4)), grain, rng)
    _see_solids(sight, rays, solids, grain, rng)
    picture = render_backdrop(view, studio, grain, rng)
    near = span((sight.own != BACKDROP).any(axis=1))
    lit = light_table(sight.rows(near), rays.direction[:, near], solids, studio)
    picture[:, near] = np.where(sight.own[near] == BACKDROP, picture[:, near], lit)
    return picture


def _draw_solids(rays: Rays, rng: np.random.Generator) -> list[Solid]:
    """Objects that do not touch, on the part of the table in view."""
    front = EYE / max(-float(rays.direction[1, -1, 0]), 0.2) + 0.12
    aside = 0.85 * float(rays.direction[0, 0, -1])
    solids: list[Solid] = []
    taken: list[tuple[float, float, float]] = []
    for _ in range(60):
        radius = float(rng.uniform(0.045, 0.13))
        z = front + 0.9 * float(rng.uniform(0, 1))
        x = float(rng.uniform(-aside, aside)) * z
        if any((x - a) ** 2 + (z - b) ** 2 < (1.08 * (radius + c)) ** 2 for a, b, c in taken):
            continue
        taken.append((x, z, radius))
        solids.append(_draw_solid(x, z, radius, rng))
        if len(solids) == MOST_SOLIDS:
            break
    return solids


def _draw_solid(x: float, z: float, radius: float, rng: np.random.Generator) -> Solid:
    """A box three times of ten, otherwise a ball."""
    if rng.random() >= 0.3:
        return Sphere((x, radius, z), radius)
    tall = radius * float(rng.uniform(0.3, 1.6))
    half = (radius * 0.66, tall, radius * float(rng.uniform(0.4, 0.7)))
    return Box((x, tall, z), half, float(rng.uniform(0, 3.1)))


def _see_table(rays: Rays, back: float, grain: Texture, rng: np.random.Generator) -> Sight:
    """The table, up to `back` metres away."""
    slope = rays.direction[1]
    distance = np.where(slope < -1e-3, -EYE / np.minimum(slope, -1e-3), np.float32(np.inf))
    table = distance < back
    place = rays.at(np.where(table, distance, np.float32(back)))
    normal = np.zeros_like(place)
    normal[1] = 1
    turn = float(rng.uniform(-0.5, 0.5))
    cosine, sine = np.float32(np.cos(turn)), np.float32(np.sin(turn))
    kind = (surface.wood, surface.marble, surface.cloth, surface.tiles)[int(rng.integers(4))]
    albedo = kind(place[0] * cosine + place[2] * sine, place[2] * cosine - place[0] * sine, grain, rng)
    mirror = np.full_like(distance, 0.0 if kind is surface.cloth else 0.03)
    return Sight(place, normal, albedo, mirror, np.where(table, np.float32(TABLE), np.float32(BACKDROP)))


def _see_solids(sight: Sight, rays: Rays, solids: list[Solid], grain: Texture, rng: np.random.Generator) -> None:
    """Put the solids in front of the table, in place. All rays have z = 1, so z is the distance along them."""
    for index, solid in enumerate(solids):
        window = _window_of(solid, rays)
        part = Rays(rays.origin, rays.direction[:, *window])
        if part.direction.size == 0:
            continue
        distance, facing = solid.meet(part)
        seen = distance < sight.place[2, *window]
        point = part.at(np.where(seen, distance, 0))
        skin, shine = _skin(solid, point, grain, rng)
        for whole, piece in ((sight.place, point), (sight.normal, facing), (sight.albedo, skin)):
            whole[:, *window] = np.where(seen, piece, whole[:, *window])
        sight.mirror[window] = np.where(seen, np.float32(shine), sight.mirror[window])
        sight.own[window] = np.where(seen, np.float32(index), sight.own[window])


def _window_of(solid: Solid, rays: Rays) -> tuple[slice, slice]:
    """The rows and columns that a solid can cover, with a margin."""
    reach = solid.radius if isinstance(solid, Sphere) else float(np.linalg.norm(solid.half))
    x, y, z = solid.centre
    margin = 1.3 * reach / max(z - reach, 0.1)
    rows = span(np.abs(rays.direction[1, :, 0] - (y - EYE) / z) <= margin)
    return rows, span(np.abs(rays.direction[0, 0] - x / z) <= margin)


def _skin(solid: Solid, point: Plane, grain: Texture, rng: np.random.Generator) -> tuple[Plane, float]:
    """Albedo (3, h, w) and mirror share of a solid's surface: metal, lacquer, wood, stone, stripes or felt."""
    local = point - np.array(solid.centre, dtype=np.float32).reshape(3, 1, 1)
    u = local[0] + np.float32(0.7) * local[2] + np.float32(rng.uniform(0, 5))
    v = local[1] + np.float32(0.3) * local[2] + np.float32(rng.uniform(0, 5))
    dye = rng.uniform(0.03, 0.8, 3)
    base = colour(*map(float, dye * (0.9 / max(dye.max(), 0.3))))
    choice = rng.random()
    if choice < 0.22:
        scratches = 1 + 0.03 * grain(u * 300, v * 4000)
        return colour(*_METALS[int(rng.integers(len(_METALS)))]) * scratches, 0.9
    if choice < 0.45:
        return base * (1 + 0.05 * grain(u * 900, v * 900)), 0.05
    if choice < 0.6:
        return surface.wood(v, u, grain, rng, board=5.0), 0.02
    if choice < 0.75:
        return surface.marble(u, v, grain, rng), 0.05
    if choice < 0.88:
        stripes = smoothstep(-0.08, 0.08, np.sin(v * np.float32(rng.uniform(60, 200))))
        return mix(base, colour(0.75, 0.73, 0.68), stripes) * (1 + 0.06 * grain(u * 600, v * 600)), 0.04
    return base * np.exp(0.4 * grain(u * 500, v * 500)), 0.0
