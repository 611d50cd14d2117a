import numpy as np
import pytest
import torch
from scipy import ndimage

from twostage_hdr.expansion import rempel2007 as module
from twostage_hdr.expansion.luminance_expansion import ldr_frame
from twostage_hdr.expansion.rempel2007 import PAPER_MAX_OUTPUT, brightness_enhancement, gradient_magnitude, rempel2007


def _lamp() -> torch.Tensor:
    image = torch.full((3, 120, 120), 0.3)
    image[:, 40:80, 40:80] = 1.0
    return image


def test_the_papers_setting_peaks_at_four_times_1200() -> None:
    out = rempel2007(ldr_frame(torch.ones(3, 30, 30), max_output=PAPER_MAX_OUTPUT))
    torch.testing.assert_close(out.max(), torch.tensor(4800.0))


def test_unclipped_light_is_stretched_linearly_from_the_black_level() -> None:
    ramp = torch.linspace(0.1, 0.9, 50).expand(3, 20, 50)
    out = rempel2007(ldr_frame(ramp, gamma=1.0, max_output=4000.0))
    torch.testing.assert_close(out, (1000 - 0.3) * ramp + 0.3)


def test_the_boost_ends_at_the_lamps_edge() -> None:
    E = brightness_enhancement(_lamp()[:1], 0.9, sigma=8.0)
    assert E[0, 60, 60] > 0.9
    assert E[0, 60, 30] == 0  # ten pixels off, well within the blur's reach, but beyond the edge


def test_the_boost_spreads_over_smooth_glare() -> None:
    column = torch.linspace(1.0, 0.6, 120).expand(1, 120, 120)
    E = brightness_enhancement(column, 0.95, sigma=8.0)
    assert (E[0, 60, 15:25] > 0).all()  # unclipped, connected to the clipped columns without an edge


def test_the_gradient_is_scipys_sobel_of_five_by_five() -> None:
    L = torch.rand(1, 20, 24, dtype=torch.float64)
    kernel = np.outer([1, 4, 6, 4, 1], [-1, -2, 0, 2, 1]) / 96
    dx, dy = (ndimage.correlate(L[0].numpy(), k, mode="nearest") for k in (kernel, kernel.T))
    np.testing.assert_allclose(gradient_magnitude(L)[0].numpy(), np.hypot(dx, dy), rtol=1e-12)


@pytest.mark.parametrize("seed", range(3))
def test_the_flood_fill_is_scipys_propagation_opened(seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    seeds = torch.rand(50, 60, generator=generator) > 0.99
    passable = torch.rand(50, 60, generator=generator) > 0.35
    reached = ndimage.binary_propagation(seeds.numpy(), np.ones((3, 3)), mask=(seeds | passable).numpy())
    eroded = ndimage.binary_erosion(reached, np.ones((3, 3)), border_value=1)
    opened = ndimage.binary_dilation(eroded, np.ones((3, 3)))
    np.testing.assert_array_equal(module._flood_fill(seeds, passable).numpy(), opened)
