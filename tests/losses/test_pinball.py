import pytest
import torch

from twostage_hdr.losses.pinball import PinballLoss


@pytest.mark.parametrize("quantile", [0.1, 0.5, 0.9])
def test_it_is_least_at_numpys_quantile(quantile: float) -> None:
    target = torch.randn(1, 999, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    candidates = torch.linspace(-2, 2, 801, dtype=torch.float64)
    loss, weight = PinballLoss(quantile=quantile), torch.ones_like(target)
    values = torch.stack([loss(candidate.expand_as(target), target, weight) for candidate in candidates])
    assert float(candidates[values.argmin()]) == pytest.approx(float(target.quantile(quantile)), abs=0.02)


def test_at_a_half_it_is_half_of_the_l1() -> None:
    x, y = torch.rand(2, 5, 7, dtype=torch.float64).unbind()
    assert float(PinballLoss(quantile=0.5)(x, y, torch.ones_like(x))) == pytest.approx(float((x - y).abs().mean() / 2))


def test_images_count_alike_however_much_of_them_has_weight() -> None:
    target = torch.zeros(3, 10)
    weight = torch.zeros(3, 10)
    weight[0], weight[1, :1] = 1, 1
    loss = PinballLoss(quantile=0.5)(torch.tensor([[2.0], [4.0], [99.0]]).expand(3, 10), target, weight)
    assert float(loss) == pytest.approx((1 + 2) / 2)


def test_gradients_are_those_of_finite_differences() -> None:
    x, y, w = (
        torch.rand(2, 6, dtype=torch.float64, generator=torch.Generator().manual_seed(seed)) for seed in range(3)
    )
    assert torch.autograd.gradcheck(lambda value: PinballLoss(quantile=0.9)(value, y, w), x.requires_grad_())
