"""The sky: gradient, sun with its glow, and clouds lit by it."""

from dataclasses import dataclass

import numpy as np

from twostage_hdr.data.procedural.light import black_body
from twostage_hdr.data.procedural.pinhole import Plane, View, colour, mix, smoothstep
from twostage_hdr.data.procedural.surface import Texture


@dataclass(frozen=True)
class Sun:
    """Direction of the sun as slopes of a ray (x, y, 1 or -1 when behind), its colour and its radiance."""

    x: float
    y: float
    ahead: bool
    colour: Plane
    radiance: float

    @property
    def direction(self) -> tuple[float, float, float]:
        """Unit vector towards the sun."""
        z = 1.0 if self.ahead else -1.0
        length = float(np.sqrt(self.x**2 + self.y**2 + z * z))
        return self.x / length, self.y / length, z / length


def draw_sun(rng: np.random.Generator) -> Sun:
    """A sun that is mostly in view; the lower, the redder."""
    ahead = bool(rng.random() < 0.85)
    low = bool(rng.random() < 0.5)
    y = float(rng.uniform(0.04, 0.16) if low else rng.uniform(0.16, 0.38 if ahead else 1.2))
    x = float(rng.uniform(-0.36, 0.36) if ahead else rng.uniform(-1.2, 1.2))
    kelvin = float(np.interp(y, (0.03, 0.15, 0.5), (2100, 3600, 5600)) + rng.normal(0, 150))
    return Sun(
        x, y, ahead, black_body(kelvin), float(np.interp(y, (0.03, 0.3), (4e3, 5e4))) * float(rng.uniform(0.6, 1.6))
    )


def render_sky(view: View, sun: Sun, rng: np.random.Generator) -> Plane:
    """Radiance (3, H, W) of the sky over the whole view, also below the horizon; white paper in this sun is about 1."""
    length = view.length()
    height = np.clip(view.y / length, 0, 1)
    sx, sy, sz = sun.direction
    away = np.sqrt(np.maximum(2 - 2 * (view.x * sx + view.y * sy + sz) / length, 0))
    warmth = float(np.exp(-sun.y / 0.12))
    clear = _clear_sky(height, away, sun, warmth, rng)
    clouds, opacity = _clouds(view, height, away, sun, clear, rng)
    disc = smoothstep(0.011, 0.009, away) * np.exp(-6 * opacity) * np.float32(sun.radiance)
    return mix(clear, clouds, opacity) + sun.colour * disc


def _clear_sky(height: Plane, away: Plane, sun: Sun, warmth: float, rng: np.random.Generator) -> Plane:
    """Blue above, pale or red at the horizon, and three widths of glow around the sun."""
    brightness = float(rng.uniform(0.35, 0.7)) * (1 - 0.6 * warmth)
    turbidity = float(rng.uniform(0.6, 1.0))
    zenith = colour(0.10, 0.24, 0.62) * np.float32(brightness)
    pale = colour(0.62, 0.78, 1.0) * np.float32(brightness * 1.4 * turbidity)
    dusk = sun.colour * np.float32(0.9 * brightness) + colour(0.10, 0.05, 0.12)
    near_sun = np.exp(-away / 0.9)
    horizon = mix(pale, dusk, np.float32(warmth) * (0.35 + 0.65 * near_sun))
    gradient = mix(horizon, zenith, 1 - np.exp(-height * np.float32(rng.uniform(3.5, 7))))
    glow = 1.2 * np.exp(-away / 0.16) + 8 * np.exp(-away / 0.045) + 120 * np.exp(-away / 0.012)
    return gradient + sun.colour * (glow * np.float32(0.35 * (0.4 + turbidity) * (1 - 0.5 * warmth)))


def _clouds(
    view: View, height: Plane, away: Plane, sun: Sun, clear: Plane, rng: np.random.Generator
) -> tuple[Plane, Plane]:
    """Radiance and opacity of a layer of clouds: noise on a plane above the viewer, thinner towards the sun."""
    texture = Texture.fractal(rng, size=384, coarsest=128, gain=float(rng.uniform(0.5, 0.62)))
    cover = float(rng.uniform(-0.7, 1.3))
    if rng.random() < 0.12:
        return clear, np.zeros_like(height)
    distance = 1 / (np.maximum(view.y, 0) + np.float32(0.12))
    scale = float(rng.uniform(30, 70))
    u, v = np.broadcast_arrays(view.x * distance * scale + 500, distance * np.float32(1.2 * scale))
    u, v = np.ascontiguousarray(u, dtype=np.float32), np.ascontiguousarray(v, dtype=np.float32)
    density = texture(u, v) + np.float32(0.22) * texture(u * 5.3 + 31, v * 5.3)
    # One step along the plane towards the sun: denser there means that this side lies in shade.
    step = 4.0
    toward = 1.1 * texture(u + np.float32(step * (sun.x - 0.2)), v + np.float32(-step * sun.y if sun.ahead else step))
    lit = np.clip(0.55 + 0.5 * (density - toward), 0.05, 1.6)
    opacity = smoothstep(0.0, float(rng.uniform(0.7, 1.8)), density - cover) * smoothstep(0.0, 0.06, height)
    thick = smoothstep(0.2, 2.2, density - cover)
    edge = (1 - thick) * (0.5 * np.exp(-away / 0.35) + 6 * np.exp(-away / 0.07)) * np.float32(1.2)
    white = sun.colour * (lit * (1.05 - 0.6 * thick) * np.float32(0.85) + edge)
    return white + clear * np.float32(0.35), opacity * np.float32(0.96)
