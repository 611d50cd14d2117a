import numpy as np
import torch

from twostage_hdr.losses.baselines.expandnet import ExpandNetLoss


def test_it_equals_the_formula_on_the_stretched_linear_target() -> None:
    prediction, target = torch.rand(2, 3, 6, 5).double(), torch.rand(2, 3, 6, 5).double() * 4
    expected_l1, expected_angle = 0.0, 0.0
    for p, t in zip(prediction.numpy(), target.numpy(), strict=True):
        t = (t**2.24 - (t**2.24).min()) / np.ptp(t**2.24)
        cosine = (p * t).sum(0) / np.sqrt((p**2).sum(0) * (t**2).sum(0))
        expected_l1 += np.abs(p - t).mean() / 2
        expected_angle += (1 - cosine).mean() / 2
    for weight in (5.0, 0.5):
        loss = ExpandNetLoss(cosine_weight=weight)(prediction, target).item()
        np.testing.assert_allclose(loss, expected_l1 + weight * expected_angle, rtol=1e-7)


def test_black_target_pixels_have_no_colour_to_miss() -> None:
    target = torch.zeros(1, 3, 4, 4).double()
    target[..., 0] = 2.0
    prediction = torch.where(target > 0, 1.0, 0.001)
    torch.testing.assert_close(ExpandNetLoss()(prediction, target).item(), 0.001 * 12 / 16, rtol=1e-4, atol=1e-7)


def test_a_flat_target_is_harmless() -> None:
    prediction = torch.rand(1, 3, 4, 4, requires_grad=True)
    ExpandNetLoss()(prediction, torch.full((1, 3, 4, 4), 0.5)).backward()
    assert prediction.grad is not None
    assert torch.isfinite(prediction.grad).all()


def test_its_gradient_is_right() -> None:
    prediction = torch.rand(1, 3, 5, 5).double().requires_grad_()
    assert torch.autograd.gradcheck(ExpandNetLoss(), (prediction, torch.rand(1, 3, 5, 5).double() * 3))
