import cv2
import numpy as np
import pytest

from twostage_hdr.data.procedural.noise import Texture, fractal_noise


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


def texture() -> Texture:
    return Texture(np.random.default_rng(0), coarsest=48, gain=0.75)


def test_a_texture_is_mirrored_beyond_its_edges() -> None:
    u, v = (np.random.default_rng(0).uniform(-2000, 2000, (40, 50)).astype(np.float32) for _ in range(2))
    expected = cv2.remap(texture().texels, u, v, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)
    # Coordinates are rounded to 1/32 of a texel, maybe to the other side after mirroring.
    np.testing.assert_allclose(texture()(u, v), expected, atol=2 * np.ptp(expected) / 32)


def test_texels_come_back_exactly_also_far_away() -> None:
    column, row = np.meshgrid(*(np.arange(Texture.SIZE, dtype=np.float32),) * 2)
    np.testing.assert_array_equal(texture()(column, row), texture().texels)
    far = 2 * Texture.SIZE * 300
    np.testing.assert_array_equal(texture()(column + far, row - far), texture().texels)
