import math
from itertools import pairwise

import pytest
import torch
from torch import nn

from twostage_hdr.networks.frame_thumbnail import thumbnail
from twostage_hdr.networks.light_map import LOWEST, PEAK, LightMap, light_rows, uncertainty_rows
from twostage_hdr.networks.response_curve import srgb_curve
from twostage_hdr.networks.whole_frame_branch import WholeFrameBranch


def branch(*, scale: float = 1.0) -> WholeFrameBranch:
    """A small one whose map is not flat."""
    torch.manual_seed(0)
    built = WholeFrameBranch(widths=(8, 8, 8), curve_features=4).eval()
    nn.init.normal_(built.leave.weight, std=scale)
    nn.init.normal_(built.leave.bias, std=scale)
    return built


def frame(height: int = 40, width: int = 60) -> torch.Tensor:
    """Grey, with a white window, and a red one."""
    ldr = torch.full((1, 3, height, width), 0.4)
    ldr[..., 5:20, 5:20] = 1
    ldr[:, 0, 5:20, 30:50] = 1
    return ldr


def lights_of(built: WholeFrameBranch, ldr: torch.Tensor) -> LightMap:
    with torch.no_grad():
        return built.lights(thumbnail(ldr), srgb_curve(), torch.ones(1))


def test_it_has_the_number_of_parameters_that_the_config_says() -> None:
    assert sum(parameter.numel() for parameter in WholeFrameBranch().parameters()) == 1_242_944


def test_a_new_one_leaves_white_where_it_is() -> None:
    ldr = frame()
    (light,) = light_rows(lights_of(WholeFrameBranch().eval(), ldr), ldr, (0.5,), top=0, height=40)
    assert float(light.abs().max()) == 0


@pytest.mark.parametrize("scale", [1.0, 100.0])
def test_quantiles_never_cross_and_stay_within_their_bounds(scale: float) -> None:
    lights = lights_of(branch(scale=scale), frame())
    for levels in (lights.whole, lights.partly):
        assert bool((levels.diff(dim=1) >= 0).all())
        assert float(levels.max()) <= math.log(PEAK) + 1e-5
        assert float(levels.min()) >= math.log(LOWEST) - 1e-5


def test_more_light_is_asked_for_and_given() -> None:
    ldr = frame()
    images = light_rows(lights_of(branch(), ldr), ldr, (0.1, 0.3, 0.5, 0.7, 0.9), top=0, height=40)
    assert all(bool((more >= less).all()) for less, more in pairwise(images))


def test_rows_are_those_of_the_whole_frame() -> None:
    ldr = frame()
    lights = lights_of(branch(), ldr)
    (whole,) = light_rows(lights, ldr, (0.5,), top=0, height=40)
    (part,) = light_rows(lights, ldr[:, :, 11:17], (0.5,), top=11, height=40)
    torch.testing.assert_close(part, whole[:, :, 11:17])


def test_uncertainty_is_the_stops_between_the_outer_quantiles_and_0_where_nothing_is_clipped() -> None:
    ldr = frame()
    lights = lights_of(branch(), ldr)
    low, high = light_rows(lights, ldr, (0.1, 0.9), top=0, height=40)
    stops = uncertainty_rows(lights, ldr, top=0, height=40)
    assert float(stops[..., 25:, :].abs().max()) == 0
    torch.testing.assert_close(stops[0, 0, 10, 10], ((high - low)[0, 0, 10, 10]) / math.log(2))


def test_the_same_scene_at_another_size_gets_the_same_light() -> None:
    built, small = branch(), frame()
    large = small.repeat_interleave(4, 2).repeat_interleave(4, 3)
    one = lights_of(built, small)
    other = lights_of(built, large)
    torch.testing.assert_close(one.whole, other.whole, rtol=0, atol=1e-3)
