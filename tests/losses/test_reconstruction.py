import torch

from twostage_hdr.losses.reconstruction import L1Loss


def test_the_loss_is_the_mean_absolute_difference() -> None:
    prediction, target = torch.rand(2, 3, 5, 4) * 3, torch.rand(2, 3, 5, 4)
    expected = abs(prediction.numpy() - target.numpy()).mean()
    assert abs(L1Loss()(prediction, target).item() - expected) < 1e-6


def test_the_gradient_agrees_with_differences_in_float64() -> None:
    target = torch.rand(1, 3, 4, 4, dtype=torch.float64)
    prediction = (target + 0.1 + torch.rand_like(target)).requires_grad_()
    assert torch.autograd.gradcheck(L1Loss(), (prediction, target))
