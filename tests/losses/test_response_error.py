import pytest
import torch

from twostage_hdr.losses.response_error import ResponseErrorLoss


def light() -> torch.Tensor:
    grey = 0.03 + 0.8 * torch.rand(2, 1, 20, 20, generator=torch.Generator().manual_seed(0))
    return grey.expand(2, 3, 20, 20)


def test_the_right_response_has_no_error() -> None:
    assert float(ResponseErrorLoss()(light(), light())) == 0


@pytest.mark.parametrize("stops", [-1.0, 0.5])
def test_an_exposure_costs_a_tenth_of_its_stops(stops: float) -> None:
    assert float(ResponseErrorLoss()(light() * 2**stops, light())) == pytest.approx(0.1 * abs(stops), abs=1e-5)


def test_a_wrong_gamma_costs_its_mean_distance_from_the_median() -> None:
    y = light().double()
    stops = torch.log2(y**1.2) - torch.log2(y)
    middles = [each.flatten().median() for each in stops]
    expected = [float((each - m).abs().mean() + 0.1 * m.abs()) for each, m in zip(stops, middles, strict=True)]
    assert float(ResponseErrorLoss()(y**1.2, y)) == pytest.approx(sum(expected) / 2, rel=1e-3)


def test_what_is_clipped_or_black_does_not_count() -> None:
    y = light().clone()
    y[..., :3], y[..., 3:6] = 2.0, 0.0
    x = y.clone()
    x[..., :6] = 0.7
    assert float(ResponseErrorLoss()(x, y)) == 0


def test_a_frame_without_a_well_exposed_pixel_has_no_error_and_a_gradient() -> None:
    x = torch.full((1, 3, 4, 4), 0.5, requires_grad=True)
    loss = ResponseErrorLoss()(x, torch.full((1, 3, 4, 4), 5.0))
    loss.backward()
    assert float(loss.detach()) == 0
