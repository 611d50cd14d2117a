"""One random HDR picture: a scene kind, its rendering, and the lens in front of it."""

import numpy as np
import torch

from twostage_hdr.data.procedural.interior import render_interior
from twostage_hdr.data.procedural.landscape import render_landscape
from twostage_hdr.data.procedural.light import lens_glow
from twostage_hdr.data.procedural.night_street import render_night_street
from twostage_hdr.data.procedural.still_life import render_still_life
from twostage_hdr.errors import InputError
from twostage_hdr.radiometry.quantities import LinearRGB

SCENE_KINDS = (render_landscape, render_night_street, render_interior, render_still_life)
"""Renderers (height, width, rng) -> (3, H, W); each is drawn equally often."""
SMALLEST_SIDE = 16
"""Pixels below which the renderers' grids are empty."""


def render_scene(*, height: int, width: int, rng: np.random.Generator) -> LinearRGB:
    """A random scene (3, height, width): relative linear radiance, >= 0, finite, over 10 to 18 stops.

    The scale is arbitrary: an exposure has to choose what clips. The same state of `rng` gives the same bytes.

    Raises:
        InputError: a side is shorter than 16 pixels.
    """
    if min(height, width) < SMALLEST_SIDE:
        raise InputError(f"data.procedural: {height}x{width} pixels; give sides of {SMALLEST_SIDE} or more")
    render = SCENE_KINDS[int(rng.integers(len(SCENE_KINDS)))]
    picture = lens_glow(render(height, width, rng), share=float(10 ** rng.uniform(-2.5, -1.7)))
    return torch.from_numpy(np.ascontiguousarray(np.maximum(picture, 0), dtype=np.float32))
