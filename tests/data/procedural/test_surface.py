from collections.abc import Callable

import numpy as np
import pytest

from twostage_hdr.data.procedural import surface
from twostage_hdr.data.procedural.noise import Texture

PATTERNS = (surface.wood, surface.marble, surface.cloth, surface.plaster, surface.tiles)


def place(pixels: int = 200, side: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    u, v = np.meshgrid(*(np.linspace(0, side, pixels, dtype=np.float32),) * 2)
    return u, v


def grain() -> Texture:
    return Texture.fractal(np.random.default_rng(0), size=256, coarsest=48, gain=0.75)


@pytest.mark.parametrize("pattern", PATTERNS)
def test_no_surface_reflects_more_than_it_receives(pattern: Callable[..., np.ndarray]) -> None:
    for seed in range(6):
        albedo = pattern(*place(), grain(), np.random.default_rng(seed))
        assert albedo.shape == (3, 200, 200)
        assert albedo.dtype == np.float32
        assert albedo.min() >= 0
        assert np.quantile(albedo, 0.99) < 1.0
        assert albedo.std() > 0.002


def test_boards_are_as_wide_as_asked() -> None:
    u, v = place(1000)
    albedo = surface.wood(u, v, grain(), np.random.default_rng(0), board=0.25).mean(axis=(0, 2))
    # The gaps between the boards are the darkest rows.
    assert {round(float(row) * 4 / 1000) for row in np.argsort(albedo)[:12]} <= {0, 1, 2, 3, 4}


def test_bricks_are_shifted_by_half_in_every_second_course() -> None:
    u, v = place(600, 0.66)
    redness = surface.bricks(u, v, Texture(np.zeros((8, 8), dtype=np.float32)))
    joint = redness[2] > 0.3

    def upright(course: int) -> np.ndarray:
        row = int((course + 0.5) * 0.075 / 0.66 * 600)
        return u[row][joint[row]]

    even, odd = upright(0), upright(1)
    # Joints at multiples of 22 cm, and 11 cm beside them in the next course.
    assert np.abs((even / 0.22 + 0.5) % 1 - 0.5).max() < 0.06
    assert np.abs(odd / 0.22 % 1 - 0.5).max() < 0.06
