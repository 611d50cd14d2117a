from collections.abc import Callable

import cv2
import numpy as np
import pytest

from twostage_hdr.data.procedural import surface
from twostage_hdr.data.procedural.surface import Texture, fractal_noise

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


def octave_energy(field: np.ndarray, low: float, high: float) -> float:
    """Energy of the spatial frequencies from low to high cycles per pixel."""
    spectrum = np.abs(np.fft.fft2(field)) ** 2
    radius = np.hypot(*np.meshgrid(np.fft.fftfreq(field.shape[0]), np.fft.fftfreq(field.shape[1]), indexing="ij"))
    return float(spectrum[(radius >= low) & (radius < high)].sum())


def test_fractal_noise_has_mean_0_and_deviation_1() -> None:
    field = fractal_noise(120, 90, np.random.default_rng(0), coarsest=32)
    assert field.shape == (120, 90)
    assert abs(field.mean()) < 1e-5
    assert field.std() == pytest.approx(1, abs=1e-4)


def test_a_higher_gain_gives_finer_noise() -> None:
    fine_shares = []
    for gain in (0.3, 0.6, 0.9):
        field = fractal_noise(256, 256, np.random.default_rng(0), coarsest=64, gain=gain)
        fine_shares.append(octave_energy(field, 0.125, 0.5) / octave_energy(field, 0.0, 0.5))
    assert fine_shares[0] < fine_shares[1] < fine_shares[2]


def test_the_coarsest_cell_limits_the_size_of_the_structures() -> None:
    large = []
    for coarsest in (128, 8):
        field = fractal_noise(256, 256, np.random.default_rng(0), coarsest=coarsest, gain=0.5)
        large.append(octave_energy(field, 0, 1 / 32) / octave_energy(field, 0, 1))
    assert large[0] > 0.85
    assert large[1] < 0.3


@pytest.mark.parametrize("size", [(1, 1), (1, 50), (3, 2)])
def test_small_fields_are_finite(size: tuple[int, int]) -> None:
    assert np.isfinite(fractal_noise(*size, np.random.default_rng(0), coarsest=16)).all()


@pytest.mark.parametrize("channels", [1, 4])
def test_a_texture_goes_on_mirrored_beyond_its_edges(channels: int) -> None:
    rng = np.random.default_rng(0)
    values = rng.standard_normal((32, 32, channels)).astype(np.float32).squeeze()
    u, v = (rng.uniform(-200, 200, (40, 50)).astype(np.float32) for _ in range(2))
    expected = cv2.remap(values, u, v, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)
    # Coordinates are rounded to 1/32 of a texel, maybe to the other side after mirroring.
    np.testing.assert_allclose(Texture(values)(u, v), expected, atol=2 * np.ptp(values) / 32)


def test_texels_come_back_exactly_also_far_away() -> None:
    values = np.random.default_rng(0).standard_normal((16, 16)).astype(np.float32)
    column, row = np.meshgrid(np.arange(16, dtype=np.float32), np.arange(16, dtype=np.float32))
    np.testing.assert_array_equal(Texture(values)(column, row), values)
    np.testing.assert_array_equal(Texture(values)(column + 32 * 5000, row - 32 * 5000), values)


def test_looking_up_nothing_gives_nothing() -> None:
    empty = np.zeros((0, 7), dtype=np.float32)
    assert Texture(np.zeros((8, 8), dtype=np.float32))(empty, empty).size == 0
