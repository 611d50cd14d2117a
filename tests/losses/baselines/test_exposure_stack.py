import numpy as np
import pytest
import torch

from twostage_hdr.losses.baselines.exposure_stack import ExposureStackLoss


def test_it_compares_with_the_exposures_of_the_target() -> None:
    prediction, target = torch.rand(2, 3, 3, 5, 4).double(), torch.rand(2, 3, 5, 4).double() * 2
    linear = target.numpy() ** 2.24
    expected = np.mean(
        [
            np.abs(prediction[:, k].numpy() - np.minimum(linear * 2.0**stop, 1) ** (1 / 2.24)).mean()
            for k, stop in enumerate((-1, 0.5, 2))
        ]
    )
    loss = ExposureStackLoss(stops=[-1, 0.5, 2])(prediction, target).item()
    np.testing.assert_allclose(loss, expected, rtol=1e-9)


def test_a_stack_of_another_length_is_refused() -> None:
    with pytest.raises(ValueError, match=r"2 exposures.* 1 stops"):
        ExposureStackLoss(stops=[1])(torch.rand(1, 2, 3, 4, 4), torch.rand(1, 3, 4, 4))


def test_its_gradient_is_right() -> None:
    prediction = torch.rand(1, 2, 3, 4, 4).double().requires_grad_()
    loss = ExposureStackLoss(stops=[-1, 1])
    assert torch.autograd.gradcheck(loss, (prediction, torch.rand(1, 3, 4, 4).double() * 3))
