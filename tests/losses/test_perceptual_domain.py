import numpy as np
import pytest
import torch
from torch import Tensor, nn

from twostage_hdr.losses.perceptual_domain import Log1pL1Loss, MuLawL1Loss, PU21L1Loss, PU21SquaredLoss

ALL = pytest.mark.parametrize(
    "loss",
    [MuLawL1Loss(), MuLawL1Loss(mu=50.0, scale=4.0), PU21L1Loss(), PU21SquaredLoss(), Log1pL1Loss()],
    ids=lambda x: repr(x)[:8],
)


def flat(linear: float) -> Tensor:
    """An encoded image of one linear value."""
    return torch.full((1, 3, 2, 2), linear ** (1 / 2.24))


def test_mu_law_compares_compressed_linear_light() -> None:
    expected = (np.log(1 + 5000 * 0.5) - np.log(1 + 5000 * 0.01)) / np.log(5001)
    assert MuLawL1Loss()(flat(0.5), flat(0.01)).item() == pytest.approx(expected, rel=1e-5)


def test_the_scale_is_the_linear_light_that_mu_law_maps_to_one() -> None:
    assert MuLawL1Loss(scale=4.0)(flat(4.0), flat(0.0)).item() == pytest.approx(1.0, rel=1e-5)


def test_pu21_compares_the_published_check_values() -> None:
    """V(100) = 256.3839, V(1000) = 420.0969, V(1) = 36.5439 cd/m^2, here with a white of 200 cd/m^2."""
    assert PU21L1Loss()(flat(5.0), flat(0.5)).item() == pytest.approx((420.0969 - 256.3839) / 256, rel=1e-4)
    assert PU21L1Loss(white=100.0)(flat(1.0), flat(0.01)).item() == pytest.approx((256.3839 - 36.5439) / 256, rel=1e-4)


def test_the_squared_loss_squares_the_same_differences() -> None:
    expected = ((420.0969 - 256.3839) / 256) ** 2
    assert PU21SquaredLoss()(flat(5.0), flat(0.5)).item() == pytest.approx(expected, rel=1e-4)


def test_the_logarithm_compares_linear_light() -> None:
    assert Log1pL1Loss()(flat(2.0), flat(0.0)).item() == pytest.approx(np.log(11), rel=1e-5)
    assert Log1pL1Loss(gain=1.0)(flat(1.0), flat(0.0)).item() == pytest.approx(np.log(2), rel=1e-5)


@ALL
def test_the_gradient_agrees_with_differences_in_float64(loss: nn.Module) -> None:
    target = 0.1 + torch.rand(1, 3, 4, 4, dtype=torch.float64)
    prediction = (target + 0.1 + torch.rand_like(target)).requires_grad_()
    assert torch.autograd.gradcheck(loss, (prediction, target))


@ALL
@pytest.mark.parametrize(("prediction", "target"), [(0.0, 0.0), (0.0, 1.0), (0.5, 0.5), (10.0, 1.0), (1e-12, 10.0)])
def test_gradients_are_finite_at_black_at_equal_values_and_at_the_cap(
    loss: nn.Module, prediction: float, target: float
) -> None:
    image = torch.full((1, 3, 2, 2), prediction, requires_grad=True)
    value = loss(image, torch.full((1, 3, 2, 2), target))
    value.backward()
    assert value.isfinite()
    assert image.grad is not None
    assert image.grad.isfinite().all()


def test_the_scale_divides_prediction_and_target_alike() -> None:
    # ln(1 + 5000 * 1) and ln(1 + 5000 / 4), over ln 5001.
    expected = (np.log(5001) - np.log(1251)) / np.log(5001)
    assert MuLawL1Loss(scale=4.0)(flat(4.0), flat(1.0)).item() == pytest.approx(expected, rel=1e-5)
    assert MuLawL1Loss(scale=4.0)(flat(1.0), flat(4.0)).item() == pytest.approx(expected, rel=1e-5)
