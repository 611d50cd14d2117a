import numpy as np
import torch

from twostage_hdr.losses.baselines.hdrunet import TanhL1Loss


def test_it_equals_numpys_formula() -> None:
    prediction, target = torch.randn(2, 3, 5, 4).double(), torch.rand(2, 3, 5, 4).double() * 5
    expected = np.abs(np.tanh(prediction.numpy()) - np.tanh(target.numpy())).mean()
    np.testing.assert_allclose(TanhL1Loss()(prediction, target).item(), expected, rtol=1e-12)


def test_its_gradient_is_right() -> None:
    prediction = torch.randn(1, 3, 4, 4).double().requires_grad_()
    assert torch.autograd.gradcheck(TanhL1Loss(), (prediction, torch.rand(1, 3, 4, 4).double() * 3))
