"""Noise, textures, and materials: patterns of albedo on a flat surface, from its coordinates in metres."""

import math

import cv2
import numpy as np

from twostage_hdr.data.procedural.pinhole import Plane, colour, mix, smoothstep


def fractal_noise(height: int, width: int, rng: np.random.Generator, *, coarsest: float, gain: float = 0.5) -> Plane:
    """Noise of mean 0 and deviation 1 (height, width): octaves from `coarsest` pixels a cell down to one.

    Each octave has `gain` times the amplitude of the one before; 0.5 gives terrain and clouds, 0.8 gives grain.
    """
    levels = max(1, round(math.log2(max(2.0, coarsest))))
    field = np.zeros((1, 1), dtype=np.float32)
    for level in range(levels + 1):
        cell = 2 ** (levels - level)
        size = (math.ceil(height / cell) + 1, math.ceil(width / cell) + 1)
        field = cv2.resize(field, (size[1], size[0]), interpolation=cv2.INTER_CUBIC).astype(np.float32, copy=False)
        field = field + np.float32(gain**level) * rng.standard_normal(size, dtype=np.float32)
    field = field[:height, :width]
    return (field - field.mean()) / max(float(field.std()), 1e-6)


class Texture:
    """A square of noise channels to look up at any coordinates; it is mirrored beyond its edges.

    Args:
        channels: (size, size) or (size, size, C), C = 1 to 4.
    """

    def __init__(self, channels: Plane) -> None:
        self.channels = np.ascontiguousarray(channels)
        self.size = channels.shape[0]

    @classmethod
    def fractal(
        cls, rng: np.random.Generator, *, size: int = 256, coarsest: float = 64, gain: float = 0.6
    ) -> "Texture":
        """One channel of fractal noise, mean 0 and deviation 1."""
        return cls(fractal_noise(size, size, rng, coarsest=coarsest, gain=gain))

    def __call__(self, u: Plane, v: Plane) -> Plane:
        """Bilinear samples at column u, row v, both in texels and of any size."""
        if u.size == 0:
            return np.zeros(u.shape + self.channels.shape[2:], dtype=np.float32)
        return cv2.remap(
            self.channels, self._folded(u), self._folded(v), cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT
        )

    def _folded(self, coordinate: Plane) -> Plane:
        """The same texel's coordinate inside the square: remap is slow outside, and its arithmetic ends at 2^15."""
        shifted = coordinate + np.float32(0.5)
        period = np.float32(2 * self.size)
        shifted -= period * np.floor(shifted * (1 / period))
        return np.float32(self.size - 0.5) - np.abs(shifted - np.float32(self.size))


def wood(u: Plane, v: Plane, grain: Texture, rng: np.random.Generator, *, board: float = 0.14) -> Plane:
    """Boards along u, each cut from another log."""
    row = np.floor(v / np.float32(board))
    seed = np.sin(row * 12.9898) * 43758.547
    seed = (seed - np.floor(seed)).astype(np.float32)
    fibre = grain(u * 60 + 900 * seed, v * 900) + 0.6 * grain(u * 300, v * 3000)
    rings = np.sin(10 * grain(u * 14 + 500 * seed, v * 160 + 300 * seed))
    tone = colour(0.36, 0.19, 0.085) * np.float32(rng.uniform(0.35, 1.2))
    light = tone * np.float32(1.7) + colour(0.03, 0.03, 0.02)
    albedo = mix(tone, light, np.clip(0.5 + 0.22 * rings + 0.18 * fibre + 0.5 * (seed - 0.5), 0, 1))
    gap = np.abs(v / np.float32(board) - row - 0.5)
    return albedo * (1 - 0.75 * smoothstep(0.475, 0.495, gap))


def marble(u: Plane, v: Plane, grain: Texture, rng: np.random.Generator) -> Plane:
    """Pale stone with veins."""
    bend = grain(u * 90, v * 90)
    vein = np.abs(grain(u * 50 + 12 * bend, v * 50 + 70))
    base = colour(0.72, 0.70, 0.66) * np.float32(rng.uniform(0.5, 1))
    return mix(base * np.float32(0.3), base, smoothstep(0.0, 0.35, vein)) * (1 + 0.05 * grain(u * 900, v * 900))


def cloth(u: Plane, v: Plane, grain: Texture, rng: np.random.Generator) -> Plane:
    """A woven check of two colours."""
    size = float(rng.uniform(0.03, 0.09))
    dye = rng.uniform(0.05, 0.75, 3)
    first, second = colour(0.74, 0.72, 0.66), colour(*(float(c) for c in dye))
    warp, weft = (smoothstep(-0.1, 0.1, np.sin(x * (3.1416 / size))) for x in (u, v))
    threads = np.sin(u * 1900) * np.sin(v * 1900) + grain(u * 1400, v * 1400)
    return mix(first, second, (warp + weft) / 2) * (1 + 0.12 * threads + 0.05 * grain(u * 60, v * 60))


def plaster(u: Plane, v: Plane, grain: Texture, rng: np.random.Generator) -> Plane:
    """Painted wall: a quiet colour, stains and a fine grain."""
    paint = colour(*_PAINTS[int(rng.integers(len(_PAINTS)))]) * np.float32(rng.uniform(0.6, 1.1))
    return paint * np.exp(0.07 * grain(u * 40, v * 40) + 0.07 * grain(u * 700, v * 700))


def tiles(u: Plane, v: Plane, grain: Texture, rng: np.random.Generator) -> Plane:
    """Square stone tiles with joints, in one tone or two."""
    size = float(rng.uniform(0.2, 0.5))
    i, j = np.floor(u / np.float32(size)), np.floor(v / np.float32(size))
    edge = np.maximum(np.abs(u / np.float32(size) - i - 0.5), np.abs(v / np.float32(size) - j - 0.5))
    contrast = float(rng.choice([0.0, 0.0, 0.7]))
    tone = 1 - np.float32(contrast) * ((i + j) % 2) + 0.12 * np.sin(i * 7.7 + j * 3.1)
    base = colour(0.50, 0.45, 0.39) * np.float32(rng.uniform(0.5, 1.2))
    stone = base * tone * np.exp(0.12 * grain(u * 80, v * 80) + 0.1 * grain(u * 600, v * 600))
    return mix(stone, colour(0.12, 0.11, 0.10), smoothstep(0.48, 0.495, edge))


def bricks(u: Plane, v: Plane, grain: Texture) -> Plane:
    """Bricks of 22 by 7.5 cm, every second course shifted by half, with pale joints."""
    course = np.floor(v / np.float32(0.075))
    along = u / np.float32(0.22) + 0.5 * (course % 2)
    upright = np.abs(along - np.floor(along) - 0.5) - 0.455
    joint = np.maximum(upright, np.abs(v / np.float32(0.075) - course - 0.5) - 0.40)
    tone = 0.25 * np.sin(np.floor(along) * 3.3 + course * 7.1) + 0.2 * grain(u * 400, v * 400)
    return mix(colour(0.42, 0.18, 0.11) * np.exp(tone), colour(0.5, 0.47, 0.42), smoothstep(0.0, 0.03, joint))


_PAINTS = (
    (0.62, 0.58, 0.50),  # cream
    (0.45, 0.52, 0.56),  # grey blue
    (0.55, 0.36, 0.25),  # terracotta
    (0.30, 0.38, 0.30),  # sage
    (0.66, 0.64, 0.62),  # white
    (0.20, 0.22, 0.30),  # night blue
)
"""Linear albedos of wall paints."""
