"""Quantiles against NumPy, at sizes that torch.quantile refuses as well."""

import numpy as np
import pytest
import torch

from twostage_hdr.radiometry.quantile import order_statistic, quantile


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


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
@pytest.mark.parametrize("shape", [(1,), (1000,), (3, 257)])
def test_it_is_the_value_at_that_place_of_the_sorted_values(shape: tuple[int, ...], dtype: torch.dtype) -> None:
    values = torch.randn(shape).exp().to(dtype)
    values[..., ::7] = values[..., :1].clone()  # ties
    ordered = values.sort(dim=-1).values
    for k in {1, shape[-1] // 2 + 1, shape[-1]}:
        found = order_statistic(values, k)
        assert found.dtype == dtype
        assert torch.equal(found, ordered[..., k - 1])
        assert torch.equal(found, torch.kthvalue(values, k, dim=-1).values)


def test_the_values_stay_in_their_order() -> None:
    values = torch.randn(100)
    before = values.clone()
    order_statistic(values, 50)
    assert torch.equal(values, before)


def test_values_with_a_gradient_are_read_without_it() -> None:
    values = torch.tensor([3.0, 1.0, 2.0], requires_grad=True)
    found = order_statistic(values, 2)
    assert found == 2
    assert not found.requires_grad
