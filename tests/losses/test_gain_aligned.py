import pytest
import torch
from torch import Tensor, nn

from twostage_hdr.losses.gain_aligned import GainAlignedLoss, alignment_gain
from twostage_hdr.losses.perceptual_domain import PU21L1Loss
from twostage_hdr.losses.reconstruction import L1Loss

GAMMA = 2.24


def scene(*, seed: int = 0, dtype: torch.dtype = torch.float64) -> Tensor:
    """Two encoded images, a fifth of each above white."""
    linear = torch.rand(2, 3, 16, 16, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    linear = 0.05 + 0.8 * linear
    linear[..., :3] *= 8
    return (linear ** (1 / GAMMA)).to(dtype)


@pytest.mark.parametrize("gain", [0.4, 1.0, 2.5])
def test_a_wrong_exposure_costs_nothing(gain: float) -> None:
    target = scene()
    assert GainAlignedLoss(loss=L1Loss())(target * gain ** (1 / GAMMA), target).item() == pytest.approx(0, abs=1e-12)


def test_the_gain_is_linear_light_and_one_for_each_image() -> None:
    target = scene()
    factors = torch.tensor([0.5, 2.0], dtype=torch.float64)[:, None, None, None]
    gains = alignment_gain(target * factors ** (1 / GAMMA), target)
    torch.testing.assert_close(gains, 1 / factors)


def test_lights_do_not_move_the_gain() -> None:
    """The median is over well-exposed pixels: dull lights stay dull, and cost as much as without alignment."""
    target = scene()
    dull = target.clamp(max=1)
    torch.testing.assert_close(alignment_gain(dull, target), torch.ones(2, 1, 1, 1, dtype=torch.float64))
    assert GainAlignedLoss(loss=L1Loss())(dull, target).item() == pytest.approx(L1Loss()(dull, target).item())


@pytest.mark.parametrize("fill", [0.0, 3.0], ids=["black", "clipped"])
def test_images_with_nothing_well_exposed_keep_their_exposure(fill: float) -> None:
    target = torch.full((1, 3, 8, 8), fill)
    assert alignment_gain(torch.full_like(target, 0.5), target).item() == 1


def test_a_black_prediction_keeps_its_exposure() -> None:
    assert alignment_gain(torch.zeros(1, 3, 8, 8), torch.full((1, 3, 8, 8), 0.5)).item() == 1


def test_the_gradient_is_that_of_the_loss_of_the_aligned_image() -> None:
    """At a fixed gain; the gain itself is a constant of each step."""
    target, loss = scene(), PU21L1Loss()
    prediction = (scene(seed=1) * 0.7).requires_grad_()
    fixed = alignment_gain(prediction.detach(), target) ** (1 / GAMMA)

    def at_fixed_gain(image: Tensor) -> Tensor:
        return loss(image * fixed, target)

    assert torch.autograd.gradcheck(at_fixed_gain, (prediction,))
    (wanted,) = torch.autograd.grad(at_fixed_gain(prediction), prediction)
    (seen,) = torch.autograd.grad(GainAlignedLoss(loss=loss)(prediction, target), prediction)
    torch.testing.assert_close(seen, wanted)


@pytest.mark.parametrize("loss", [L1Loss(), PU21L1Loss()], ids=["L1", "PU21"])
@pytest.mark.parametrize("prediction", [0.0, 1e-12, 0.5, 10.0])
def test_gradients_are_finite(loss: nn.Module, prediction: float) -> None:
    image = torch.full((1, 3, 8, 8), prediction, requires_grad=True)
    GainAlignedLoss(loss=loss)(image, torch.full((1, 3, 8, 8), 0.5)).backward()
    assert image.grad is not None
    assert image.grad.isfinite().all()
