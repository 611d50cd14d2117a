import numpy as np
import pytest
import torch

from twostage_hdr.losses.baselines.singlehdr import SingleHDRLoss, total_variation


def without_vgg(variation_weight: float = 0.1) -> SingleHDRLoss:
    with pytest.warns(UserWarning, match="SingleHDR.*vgg19_weights"):
        return SingleHDRLoss(variation_weight=variation_weight)


def test_it_equals_numpys_formula() -> None:
    prediction, target = torch.rand(2, 3, 5, 4).double() * 5, torch.rand(2, 3, 5, 4).double() * 2
    p, t = np.log1p(10 * prediction.numpy()) / np.log(11), np.log1p(10 * target.numpy() ** 2.24) / np.log(11)
    variation = np.abs(np.diff(p, axis=-1)).mean() + np.abs(np.diff(p, axis=-2)).mean()
    loss = without_vgg()(prediction, target).item()
    np.testing.assert_allclose(loss, np.abs(p - t).mean() + 0.1 * variation, rtol=1e-9)


def test_a_single_pixel_varies_nowhere() -> None:
    assert total_variation(torch.rand(1, 3, 1, 1)) == 0


def test_its_gradient_is_right() -> None:
    prediction = (torch.rand(1, 3, 4, 4).double() * 5).requires_grad_()
    assert torch.autograd.gradcheck(without_vgg(), (prediction, torch.rand(1, 3, 4, 4).double() * 3))
