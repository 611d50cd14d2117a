import pytest
import torch

from twostage_hdr.losses.gain_aligned import alignment_gain
from twostage_hdr.losses.whole_frame import AlignedLogErrorLoss, PinballLoss, ResponseErrorLoss
from twostage_hdr.metrics.mu_psnr import mu_psnr
from twostage_hdr.metrics.pu21_psnr import pu21_psnr


@pytest.mark.parametrize("quantile", [0.1, 0.5, 0.9])
def test_it_is_least_at_numpys_quantile(quantile: float) -> None:
    target = torch.randn(1, 999, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    candidates = torch.linspace(-2, 2, 801, dtype=torch.float64)
    loss, weight = PinballLoss(quantile=quantile), torch.ones_like(target)
    values = torch.stack([loss(candidate.expand_as(target), target, weight) for candidate in candidates])
    assert float(candidates[values.argmin()]) == pytest.approx(float(target.quantile(quantile)), abs=0.02)


def test_at_a_half_it_is_half_of_the_l1() -> None:
    x, y = torch.rand(2, 5, 7, dtype=torch.float64).unbind()
    assert float(PinballLoss(quantile=0.5)(x, y, torch.ones_like(x))) == pytest.approx(float((x - y).abs().mean() / 2))


def test_images_count_alike_however_much_of_them_has_weight() -> None:
    target = torch.zeros(3, 10)
    weight = torch.zeros(3, 10)
    weight[0], weight[1, :1] = 1, 1
    loss = PinballLoss(quantile=0.5)(torch.tensor([[2.0], [4.0], [99.0]]).expand(3, 10), target, weight)
    assert float(loss) == pytest.approx((1 + 2) / 2)


def test_gradients_are_those_of_finite_differences() -> None:
    x, y, w = (
        torch.rand(2, 6, dtype=torch.float64, generator=torch.Generator().manual_seed(seed)) for seed in range(3)
    )
    assert torch.autograd.gradcheck(lambda value: PinballLoss(quantile=0.9)(value, y, w), x.requires_grad_())


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


def pair() -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    target = 0.3 + torch.rand(2, 3, 20, 20, generator=generator, dtype=torch.float64)
    return (target * (1 + 0.2 * torch.rand(2, 3, 20, 20, generator=generator, dtype=torch.float64))), target


def test_it_is_a_tenth_of_the_mean_of_both_psnrs_where_the_exposure_is_right() -> None:
    prediction, target = pair()
    aligned = prediction * alignment_gain(prediction, target) ** (1 / 2.24)
    expected = (mu_psnr(aligned, target) + pu21_psnr(aligned, target)).mean() / 2
    assert float(AlignedLogErrorLoss()(prediction, target)) == pytest.approx(
        -float(expected) / 10, abs=0.03
    )  # the floor


def test_a_wrong_exposure_costs_nothing() -> None:
    prediction, target = pair()
    loss = AlignedLogErrorLoss()
    assert float(loss(prediction * 1.3, target)) == pytest.approx(float(loss(prediction, target)), abs=1e-6)


def test_equal_images_have_the_floor() -> None:
    _, target = pair()
    assert float(AlignedLogErrorLoss()(target, target)) == pytest.approx(-5)


def test_the_aligned_loss_has_gradients_of_finite_differences() -> None:
    prediction, target = pair()
    bright = torch.where(target > 1, prediction, target)  # the gain, which has no gradient, is then 1 whatever moves
    bright = bright[:1, :, :4, :4].contiguous()
    fixed = target[:1, :, :4, :4].contiguous()
    fixed[..., :] = 1.2  # no pixel is exposed well
    assert torch.autograd.gradcheck(lambda x: AlignedLogErrorLoss()(x, fixed), bright.requires_grad_())
