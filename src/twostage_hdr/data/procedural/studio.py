"""The light over a table: a soft box, a dim room, a small spot, and what polished things mirror of them."""

from dataclasses import dataclass

import numpy as np

from twostage_hdr.data.procedural.light import black_body
from twostage_hdr.data.procedural.pinhole import Plane, dot, smoothstep
from twostage_hdr.data.procedural.solids import Light, Solid

BACKDROP, TABLE = -2, -1
"""Values of `Sight.own` where no solid is seen."""
_TO_SPOT = (0.45, 0.78, -0.435)
"""Unit vector towards the small spot."""


@dataclass(frozen=True)
class Studio:
    """The lights.

    Attributes:
        key: place of the soft box in metres.
        radius: its radius.
        tint: its colour, (3, 1, 1).
        radiance: its radiance.
        ambient: light of the room from above, (3, 1, 1).
        spot: radiance of the small spot.
    """

    key: tuple[float, float, float]
    radius: float
    tint: Plane
    radiance: float
    ambient: Plane
    spot: float


@dataclass(frozen=True)
class Sight:
    """What each pixel sees.

    Attributes:
        place, normal, albedo: (3, H, W).
        mirror: share of light mirrored at right angles, (H, W); above 0.5 for metals.
        own: index of the solid, or TABLE or BACKDROP, (H, W).
    """

    place: Plane
    normal: Plane
    albedo: Plane
    mirror: Plane
    own: Plane

    def rows(self, span: slice) -> "Sight":
        """The same, for some rows only."""
        return Sight(self.place[:, span], self.normal[:, span], self.albedo[:, span], self.mirror[span], self.own[span])


def draw_studio(rng: np.random.Generator) -> Studio:
    """A soft box of 40 to 1000 times the table's brightness at one side, in a dim room of another colour."""
    side = float(rng.choice([-1, 1]) * rng.uniform(0.5, 1.4))
    key = (side, float(rng.uniform(0.9, 1.8)), float(rng.uniform(0.1, 1.2)))
    radiance = float(10 ** rng.uniform(1.6, 3.0))
    ambient = black_body(float(rng.uniform(2800, 9000))) * np.float32(10 ** rng.uniform(-2.0, -0.7))
    radius = float(rng.uniform(0.08, 0.3))
    tint = black_body(float(rng.uniform(2600, 6500)))
    return Studio(key, radius, tint, radiance, ambient, float(10 ** rng.uniform(3, 4.2)))


def light_table(sight: Sight, directions: Plane, solids: list[Solid], studio: Studio) -> Plane:
    """Radiance (3, H, W) towards the viewer along `directions` (3, H, W)."""
    key = Light.at(studio.key, studio.radius, sight.place)
    shadow, open_sky = _shadows(sight, key, solids)
    wrap = np.float32(0.5 * studio.radius)
    facing = np.clip((dot(sight.normal, key.direction) + wrap) / (1 + wrap), 0, 1)
    direct = studio.tint * (facing * shadow * (1.6 / key.distance**2))
    above = 0.5 + 0.5 * sight.normal[1]
    bounce = sight.albedo[:, -1:, :].mean(axis=2, keepdims=True) * (1 - above) * np.float32(0.25)
    indirect = studio.ambient * (above * open_sky) + studio.tint * bounce * open_sky
    metal = sight.mirror > 0.5
    mirrored = _mirrored(sight, directions, key.direction, shadow, studio) * (0.3 + 0.7 * open_sky)
    diffuse = sight.albedo * (direct + indirect) * np.where(metal, np.float32(0.05), np.float32(1))
    return diffuse + mirrored * np.where(metal, sight.albedo, np.float32(1))


def _shadows(sight: Sight, key: Light, solids: list[Solid]) -> tuple[Plane, Plane]:
    """Shares (H, W) of the soft box and of the sky that the solids leave free."""
    shadow, open_sky = np.ones_like(sight.own), np.ones_like(sight.own)
    for index, solid in enumerate(solids):
        other = sight.own != index
        shadow *= np.where(other, solid.shade(sight.place, key), 1)
        open_sky *= np.where(other, solid.openness(sight.place, sight.normal), 1)
    return shadow, open_sky


def _mirrored(sight: Sight, directions: Plane, to_light: Plane, shadow: Plane, studio: Studio) -> Plane:
    """The surroundings as the surfaces show them, by Schlick's approximation of Fresnel's law."""
    toward = directions / np.sqrt(dot(directions, directions))
    facing = dot(toward, sight.normal)
    bounced = toward - 2 * facing * sight.normal
    polished = np.where(sight.mirror > 0, np.float32(1), np.float32(0.05))
    fresnel = sight.mirror + (1 - sight.mirror) * (1 - np.clip(-facing, 0, 1)) ** 5 * polished
    return _surroundings(bounced, to_light, shadow, sight.own == TABLE, studio) * fresnel


def _surroundings(bounced: Plane, to_light: Plane, shadow: Plane, flat: Plane, studio: Studio) -> Plane:
    """What one sees along `bounced`: dim walls, a bright ceiling, a strip of light, the soft box and the spot."""
    up = bounced[1]
    room = studio.ambient * (0.35 + 1.3 * smoothstep(0.1, 0.9, up)) + studio.tint * (0.25 * smoothstep(0.05, -0.4, up))
    strip = smoothstep(0.03, 0.01, np.abs(bounced[0] + 0.75) - 0.06) * smoothstep(0.0, 0.05, up)
    near = dot(bounced, to_light)
    # A polished table shows the soft box as a wide sheen, a ball as a disc with an edge.
    rim = 1 - 0.01 - 0.2 * studio.radius**2
    sheen = np.exp((near - 1) * 60) * np.float32(0.15)
    box = np.where(flat, sheen, smoothstep(rim - 0.002, rim + 0.002, near)) * shadow * np.float32(studio.radiance)
    to_spot = sum(part * np.float32(aim) for part, aim in zip(bounced, _TO_SPOT, strict=True))
    glint = np.exp(np.minimum(to_spot - 1, 0) * 2500) * ~flat * np.float32(studio.spot)
    return room + studio.tint * (strip * np.float32(2.5) + box) + glint
