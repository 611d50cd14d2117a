"""The tone curve against its equation written in NumPy."""

import numpy as np
import pytest
import torch

from twostage_hdr.radiometry.mu_law import MU, mu_law, mu_law_tone_map, reference_scale


def test_mu_law_runs_from_zero_to_one_and_is_steep_at_black() -> None:
    x = torch.tensor([0.0, 1.0, 1 / MU], dtype=torch.float64)
    np.testing.assert_allclose(mu_law(x), [0, 1, np.log(2) / np.log(5001)], rtol=1e-12)
    dark = torch.zeros(1, dtype=torch.float64, requires_grad=True)
    mu_law(dark).backward()
    assert dark.grad is not None
    np.testing.assert_allclose(dark.grad, 5000 / np.log(5001), rtol=1e-12)


def test_the_scale_is_numpys_99th_percentile_of_each_linear_image() -> None:
    reference = 3 * torch.rand(4, 3, 17, 23, dtype=torch.float64)
    expected = np.percentile(reference.numpy() ** 2.24, 99, axis=(1, 2, 3))
    scale = reference_scale(reference)
    assert scale.shape == (4, 1, 1, 1)
    np.testing.assert_allclose(scale.flatten(), expected, rtol=1e-10)


def test_the_tone_map_follows_the_challenges_equation() -> None:
    encoded, scale = (
        4 * torch.rand(2, 3, 5, 7, dtype=torch.float64) - 0.5,
        torch.tensor([0.5, 20.0], dtype=torch.float64),
    )
    z = np.maximum(encoded.numpy(), 0) ** 2.24
    expected = np.log(1 + 5000 * np.tanh(z / scale.numpy().reshape(2, 1, 1, 1))) / np.log(5001)
    np.testing.assert_allclose(mu_law_tone_map(encoded, scale[:, None, None, None]), expected, atol=1e-12)


def test_a_black_reference_keeps_a_tone_curve() -> None:
    black = torch.zeros(1, 3, 4, 4)
    bright = black.clone()
    bright[..., 0] = 1
    tone = mu_law_tone_map(bright, reference_scale(black))
    torch.testing.assert_close(tone, bright)


@pytest.mark.parametrize("scale", [1e-12, 1.0, 170.0])
def test_gradients_are_finite_at_black_below_and_above_white(scale: float) -> None:
    encoded = torch.tensor([-1.0, 0.0, 1e-6, 1.0, 10.0, 1e3]).expand(3, 1, 6).clone().requires_grad_()
    mu_law_tone_map(encoded, torch.full((1, 1, 1), scale)).sum().backward()
    assert encoded.grad is not None
    assert torch.isfinite(encoded.grad).all()
