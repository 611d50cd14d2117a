import pytest
import torch

from twostage_hdr.losses.gain_aligned import alignment_gain
from twostage_hdr.losses.log_error import AlignedLogErrorLoss
from twostage_hdr.metrics.mu_psnr import mu_psnr
from twostage_hdr.metrics.pu21_psnr import pu21_psnr


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


def test_gradients_are_those_of_finite_differences() -> None:
    prediction, target = pair()
    bright = torch.where(target > 1, prediction, target)  # the gain, which has no gradient, is then 1 whatever moves
    bright = bright[:1, :, :4, :4].contiguous()
    fixed = target[:1, :, :4, :4].contiguous()
    fixed[..., :] = 1.2  # no pixel is exposed well
    assert torch.autograd.gradcheck(lambda x: AlignedLogErrorLoss()(x, fixed), bright.requires_grad_())
