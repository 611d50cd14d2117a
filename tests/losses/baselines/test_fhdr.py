import numpy as np
import pytest
import torch

from twostage_hdr.losses.baselines.fhdr import FHDRLoss


def without_vgg() -> FHDRLoss:
    with pytest.warns(UserWarning, match="FHDR.*vgg19_weights"):
        return FHDRLoss(peak=20.0)


def test_it_is_the_mean_over_the_iterations_of_the_mu_law_distance() -> None:
    prediction, target = torch.rand(3, 2, 3, 6, 5).double() * 20, torch.rand(2, 3, 6, 5).double() * 3
    tone = lambda x: np.log(1 + 5000 * x / 20) / np.log(5001)  # noqa: E731
    expected = np.abs(tone(prediction.numpy()) - tone(target.numpy() ** 2.24)).mean()
    np.testing.assert_allclose(without_vgg()(prediction, target).item(), expected, rtol=1e-7)


def test_a_single_image_counts_as_one_iteration() -> None:
    prediction, target, loss = torch.rand(2, 3, 6, 5), torch.rand(2, 3, 6, 5), without_vgg()
    torch.testing.assert_close(loss(prediction, target), loss(prediction[None], target))


def test_targets_above_the_peak_count_as_the_peak() -> None:
    loss = without_vgg()
    assert loss(torch.full((1, 3, 2, 2), 20.0), torch.full((1, 3, 2, 2), 9.0)) < 1e-6


def test_its_gradient_is_right() -> None:
    prediction = (torch.rand(2, 1, 3, 4, 4).double() * 10).requires_grad_()
    assert torch.autograd.gradcheck(without_vgg(), (prediction, torch.rand(1, 3, 4, 4).double() * 3))
