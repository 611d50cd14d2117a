import pytest
import torch

from twostage_hdr.radiometry.order_statistic import order_statistic


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
