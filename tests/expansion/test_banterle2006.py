import numpy as np
import pytest
import torch

from twostage_hdr.expansion.banterle2006 import banterle2006, expand_map, inverse_reinhard, median_cut
from twostage_hdr.expansion.luminance_expansion import ldr_frame


def test_reinhards_operator_takes_the_expansion_back() -> None:
    n = torch.linspace(0, 1, 101, dtype=torch.float64).reshape(1, 1, -1)
    for peak, stretch in ((10.0, 10.0), (3000.0, 3000.0), (10.0, 40.0)):
        scene = inverse_reinhard(n, peak=peak, stretch=stretch) * stretch / peak
        torch.testing.assert_close(scene * (1 + scene / stretch**2) / (1 + scene), n)


def test_the_expansion_is_monotone_never_below_the_ldr_frame_and_ends_at_the_peak() -> None:
    n = torch.linspace(0, 1, 1001).reshape(1, 1, -1)
    expanded = inverse_reinhard(n, peak=10.0, stretch=10.0)
    assert (expanded.diff() > 0).all()
    assert (expanded >= n).all()
    torch.testing.assert_close(expanded.max(), torch.tensor(10.0))


def test_the_map_is_one_at_a_lamp_and_almost_nothing_in_the_dark() -> None:
    L = torch.full((1, 128, 128), 0.02)
    L[:, 40:70, 60:90] = 1.0
    E = expand_map(L, 0.1)
    torch.testing.assert_close(E.max(), torch.tensor(1.0))
    assert E[0, 45:65, 65:85].min() > 0.7
    assert E[0, 90:].max() < 0.1


def test_the_map_stops_at_the_lamps_edge() -> None:
    L = torch.full((1, 128, 128), 0.02)
    L[:, 40:70, 60:90] = 1.0
    E = expand_map(L, 0.1)
    assert E[0, 55, 61] > 3 * E[0, 55, 58]


def test_a_lamp_in_the_dark_reaches_the_peak_and_the_dark_keeps_its_luminance() -> None:
    image = torch.full((3, 128, 128), 0.02)
    image[:, 40:70, 60:90] = 1.0
    out = banterle2006(ldr_frame(image, gamma=1.0, white=100.0, max_output=3000.0))
    torch.testing.assert_close(out.max().item(), 3000.0, rtol=0.02, atol=0)
    torch.testing.assert_close(out[:, 100:], torch.full((3, 28, 128), 2.0), rtol=0.05, atol=0)


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
