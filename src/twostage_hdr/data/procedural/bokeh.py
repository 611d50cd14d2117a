"""A wall behind the scene, out of focus, with lights on it."""

import numpy as np

from twostage_hdr.data.procedural.light import black_body
from twostage_hdr.data.procedural.pinhole import Plane, View, colour, smoothstep, span
from twostage_hdr.data.procedural.studio import Studio
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
