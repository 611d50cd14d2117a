import math

import pytest
import torch

from twostage_hdr.evaluation.stops_error import stops_difference, stops_error_clipped, stops_error_well_exposed


def test_twice_the_light_is_one_stop_brighter() -> None:
    reference = torch.rand(3, 5, 6) + 0.1
    assert torch.allclose(stops_difference(reference * 2, reference), torch.ones(1, 5, 6), atol=1e-5)
    assert torch.allclose(stops_difference(reference / 8, reference), torch.full((1, 5, 6), -3.0), atol=1e-5)


def test_the_floor_of_a_picture_can_lie_higher() -> None:
    floor = 2.0**-8
    reference = torch.rand(3, 8, 9, generator=torch.Generator().manual_seed(0)) + 0.1
    torch.testing.assert_close(stops_difference(2 * reference, reference, floor=floor), torch.ones(1, 8, 9))
    torch.testing.assert_close(stops_difference(reference / 2, reference, floor=floor), -torch.ones(1, 8, 9))
    black = torch.zeros(3, 4, 4)
    assert torch.equal(stops_difference(black, black + floor / 10, floor=floor), torch.zeros(1, 4, 4))
    torch.testing.assert_close(stops_difference(black + 1, black, floor=floor), torch.full((1, 4, 4), 8.0))


def test_only_clipped_pixels_count_and_both_signs_do() -> None:
    ldr = torch.full((3, 1, 4), 0.5)
    ldr[0, 0, 0] = ldr[2, 0, 1] = 248 / 255
    factors = torch.tensor([4.0, 0.5, 64.0, 64.0])
    reference = torch.full((3, 1, 4), 2.0)
    assert stops_error_clipped(reference * factors, reference, ldr) == pytest.approx((2 + 1) / 2)


def test_a_frame_without_clipping_has_no_error_to_give() -> None:
    image = torch.full((3, 4, 4), 0.5)
    assert math.isnan(stops_error_clipped(image, image, image))


def test_only_well_exposed_pixels_count_where_nothing_was_lost() -> None:
    ldr = torch.tensor([0.5, 0.5, 0.99, 0.01]).expand(3, 1, 4)
    reference = torch.full((3, 1, 4), 0.2)
    result = reference * torch.tensor([2.0, 1.0, 16.0, 16.0])
    assert stops_error_well_exposed(result, reference, ldr) == pytest.approx(0.5)


def test_a_frame_without_well_exposed_pixels_has_no_error_there() -> None:
    white = torch.ones(3, 4, 4)
    assert math.isnan(stops_error_well_exposed(white, white, white))


def test_black_is_read_as_the_floor_of_pu21() -> None:
    one = torch.ones(3, 1, 1)
    assert stops_error_clipped(torch.zeros(3, 1, 1), one, one) == pytest.approx(math.log2(200 / 0.005), rel=1e-6)
