"""PQ against ST 2084's own values and colour-science."""

import numpy as np
import pytest
import torch
from colour.models import eotf_inverse_ST2084, eotf_ST2084

from twostage_hdr.radiometry.pq import pq_decode, pq_encode


@pytest.mark.parametrize(("luminance", "code"), [(100.0, 0.508078), (1000.0, 0.751827), (10000.0, 1.0), (0.0, 7.3e-7)])
def test_known_codes(luminance: float, code: float) -> None:
    assert pq_encode(torch.tensor(luminance, dtype=torch.float64)).item() == pytest.approx(code, abs=1e-6)


@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float64, 1e-12), (torch.float32, 1e-5)])
def test_agrees_with_colour_science_over_the_whole_range(dtype: torch.dtype, tolerance: float) -> None:
    luminance = np.geomspace(1e-6, 1e4, 500)
    ours = pq_encode(torch.tensor(luminance, dtype=dtype)).numpy()
    np.testing.assert_allclose(ours, eotf_inverse_ST2084(luminance), atol=tolerance)


def test_decoding_agrees_with_colour_science() -> None:
    code = np.linspace(0, 1, 200)
    np.testing.assert_allclose(pq_decode(torch.tensor(code)), eotf_ST2084(code), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize(("dtype", "rtol"), [(torch.float64, 1e-9), (torch.float32, 2e-4)])
def test_decoding_undoes_encoding(dtype: torch.dtype, rtol: float) -> None:
    luminance = torch.logspace(-2, 4, 100, dtype=dtype)
    torch.testing.assert_close(pq_decode(pq_encode(luminance)), luminance, rtol=rtol, atol=0)


def test_values_outside_the_range_are_clamped() -> None:
    torch.testing.assert_close(pq_encode(torch.tensor([-1.0, 2e4])), pq_encode(torch.tensor([0.0, 1e4])))
    torch.testing.assert_close(pq_decode(torch.tensor([-0.1, 1.5])), torch.tensor([0.0, 1e4]))


def test_gradients_are_finite_everywhere() -> None:
    luminance = torch.tensor([-1.0, 0.0, 1e-30, 1e-3, 1.0, 1e4, 2e4], requires_grad=True)
    pq_encode(luminance).sum().backward()
    code = torch.tensor([-1.0, 0.0, 1e-7, 0.5, 1.0, 2.0], requires_grad=True)
    pq_decode(code).sum().backward()
    assert luminance.grad is not None
    assert code.grad is not None
    assert torch.isfinite(luminance.grad).all()
    assert torch.isfinite(code.grad).all()


def test_gradients_are_those_of_finite_differences() -> None:
    luminance = torch.logspace(-1, 3.9, 10, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(pq_encode, luminance)
