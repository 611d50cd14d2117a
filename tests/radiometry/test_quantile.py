"""Quantiles against NumPy, at sizes that torch.quantile refuses as well."""

import numpy as np
import pytest
import torch

from twostage_hdr.radiometry.quantile import quantile


@pytest.mark.parametrize("count", [1, 2, 10, 101])
@pytest.mark.parametrize("q", [0.0, 0.01, 0.5, 0.99, 1.0])
def test_agrees_with_numpy(count: int, q: float) -> None:
    values = torch.rand(2, 3, count, dtype=torch.float64)
    np.testing.assert_allclose(quantile(values, q), np.quantile(values.numpy(), q, axis=-1), rtol=1e-12)


@pytest.mark.slow
def test_handles_more_than_sixteen_million_values() -> None:
    count = 2**24 + 101
    values = torch.arange(count, dtype=torch.float64)
    with pytest.raises(RuntimeError, match="too large"):
        torch.quantile(values, 0.99)
    assert quantile(values, 0.99).item() == pytest.approx(0.99 * (count - 1), rel=1e-12)


def test_a_share_outside_zero_to_one_is_refused() -> None:
    with pytest.raises(ValueError, match=r"q = 99"):
        quantile(torch.rand(5), 99.0)
