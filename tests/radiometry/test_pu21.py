"""PU21 against its published check values and limits."""

import numpy as np
import pytest
import torch

from twostage_hdr.radiometry.pu21 import pu21_encode


@pytest.mark.parametrize(("luminance", "value"), [(100.0, 256.3839), (1000.0, 420.0969), (1.0, 36.5439)])
@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float64, 5e-5), (torch.float32, 5e-4)])
def test_published_check_values(luminance: float, value: float, dtype: torch.dtype, tolerance: float) -> None:
    assert pu21_encode(torch.tensor(luminance, dtype=dtype)).item() == pytest.approx(value, abs=tolerance)


def test_starts_at_zero_and_rises_everywhere() -> None:
    value = pu21_encode(torch.logspace(np.log10(0.005), 4, 1000, dtype=torch.float64))
    assert 0 <= value[0] < 0.05
    assert (value.diff() > 0).all()


def test_luminances_outside_the_fitted_range_are_clamped() -> None:
    outside, ends = torch.tensor([-5.0, 0.0, 0.001, 1e6]), torch.tensor([0.005, 0.005, 0.005, 1e4])
    torch.testing.assert_close(pu21_encode(outside), pu21_encode(ends), rtol=0, atol=0)


def test_gradients_are_finite_everywhere() -> None:
    luminance = torch.tensor([-1.0, 0.0, 0.005, 1.0, 1e4, 1e6], requires_grad=True)
    pu21_encode(luminance).sum().backward()
    assert luminance.grad is not None
    assert torch.isfinite(luminance.grad).all()


def test_gradients_are_those_of_finite_differences() -> None:
    luminance = torch.logspace(-1, 3.9, 10, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(pu21_encode, luminance)
