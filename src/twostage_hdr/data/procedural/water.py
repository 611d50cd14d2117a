"""Lakes: wavy mirrors that show what is above the horizon, the more the flatter one looks at them."""

import cv2
import numpy as np

from twostage_hdr.data.procedural.noise import Texture
from twostage_hdr.data.procedural.pinhole import View
from twostage_hdr.data.procedural.plane import Plane, colour, mix, smoothstep
from twostage_hdr.data.procedural.terrain import Hits


def lay_water(picture: Plane, hits: Hits, view: View, *, level: float, rng: np.random.Generator) -> Plane:
    """Replace what lies below `level` in the picture (3, H, W) by a wavy mirror of what is above the horizon."""
    rows, columns = hits.z.shape
    waves = Texture.fractal(rng, size=256, coarsest=16, gain=0.7)
    wave = waves(hits.x * 9, hits.z * 5) + 0.7 * waves(hits.x * 31 + 50, hits.z * 17) / (1 + hits.z / 60)
    roughness = float(rng.uniform(0.002, 0.02))
    horizon = view.y[0, 0] * np.float32(view.focal)
    row = 2 * horizon - np.arange(rows, dtype=np.float32)[:, None]
    tilt = wave * np.float32(roughness * view.focal) * (0.4 + 0.6 * smoothstep(150, 5, hits.z))
    column = np.arange(columns, dtype=np.float32)[None, :] + 0.2 * tilt
    pixels = np.ascontiguousarray(picture.transpose(1, 2, 0))
    mirrored = cv2.remap(
        pixels, column, np.clip(row - np.abs(tilt), 0, horizon), cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT
    )
    steep = np.abs(view.y) / view.length() + np.float32(0.6 * roughness) * np.abs(wave)
    fresnel = 0.03 + 0.97 * (1 - np.clip(steep, 0, 1)) ** 5
    body = colour(0.010, 0.028, 0.034) * (1 + 0.2 * wave)
    surface = mirrored.transpose(2, 0, 1) * fresnel + body * np.float32(0.6)
    under = smoothstep(0.15, -0.05, hits.height - np.float32(level)) * hits.seen
    return mix(picture, surface, under)
