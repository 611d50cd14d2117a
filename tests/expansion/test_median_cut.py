import numpy as np
import pytest

from twostage_hdr.expansion.median_cut import median_cut


def test_an_even_square_is_cut_into_a_regular_grid_of_equal_lights() -> None:
    lights = median_cut(np.full((16, 16), 2.0), levels=4)
    assert sorted(zip(lights.y, lights.x, strict=True)) == [
        (y, x) for y in (1.5, 5.5, 9.5, 13.5) for x in (1.5, 5.5, 9.5, 13.5)
    ]
    np.testing.assert_allclose(lights.energy, 32.0)
    np.testing.assert_array_equal(lights.area, 16)


def test_energy_area_and_centroid_are_those_of_the_image() -> None:
    luminance = np.random.default_rng(0).random((37, 61)) ** 4
    lights = median_cut(luminance, levels=6)
    assert len(lights.energy) == 64
    assert lights.area.sum() == luminance.size
    np.testing.assert_allclose(lights.energy.sum(), luminance.sum())
    y, x = np.indices(luminance.shape)
    np.testing.assert_allclose((lights.energy * lights.y).sum(), (luminance * y).sum())
    np.testing.assert_allclose((lights.energy * lights.x).sum(), (luminance * x).sum())


def test_regions_hold_about_equal_energy() -> None:
    y, x = np.indices((256, 256))
    luminance = np.exp(-((y - 60) ** 2 + (x - 180) ** 2) / 5000) + 0.05
    energy = median_cut(luminance, levels=5).energy
    assert energy.max() / energy.min() < 1.6
    assert energy.max() / energy.mean() < 1.25


def test_lights_gather_where_the_image_is_bright() -> None:
    luminance = np.full((64, 64), 0.01)
    luminance[:, 48:] = 1.0
    lights = median_cut(luminance, levels=6)
    assert (lights.x >= 48).mean() > 0.9


@pytest.mark.parametrize("size", [(1, 1), (1, 3), (2, 2)])
def test_single_pixels_are_not_cut(size: tuple[int, int]) -> None:
    lights = median_cut(np.ones(size), levels=6)
    assert len(lights.energy) == size[0] * size[1]
    np.testing.assert_array_equal(lights.area, 1)


def test_a_black_image_is_cut_in_the_middle_and_has_no_energy() -> None:
    lights = median_cut(np.zeros((8, 8)), levels=2)
    np.testing.assert_array_equal(lights.area, 16)
    assert lights.energy.sum() == 0
