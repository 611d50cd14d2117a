import math

import pytest
import torch
from torch import nn

from twostage_hdr.training.optimisation import gradient_norm, linear_decay, warmup_cosine


def rates(schedule, updates: int) -> list[float]:
    """The learning rate of each update, and the one after the last; the peak is 2."""
    optimizer = torch.optim.SGD([nn.Parameter(torch.zeros(1))], lr=2.0)
    stepped = schedule(optimizer, updates)
    values = []
    for _ in range(updates + 1):
        values.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        stepped.step()
    return values


def test_warm_up_rises_linearly_and_the_cosine_falls_to_its_floor() -> None:
    values = rates(lambda optimizer, updates: warmup_cosine(optimizer, updates, warmup=10, floor=0.1), 110)
    assert values[:10] == pytest.approx([2 * (k + 1) / 10 for k in range(10)])
    assert values[10:] == pytest.approx([2 * (0.55 + 0.45 * math.cos(math.pi * k / 100)) for k in range(101)])


def test_without_warm_up_the_cosine_starts_at_the_peak() -> None:
    values = rates(lambda optimizer, updates: warmup_cosine(optimizer, updates, warmup=0, floor=0.0), 8)
    assert values[0] == 2
    assert values[8] == pytest.approx(0)


def test_a_run_shorter_than_its_warm_up_only_rises() -> None:
    values = rates(lambda optimizer, updates: warmup_cosine(optimizer, updates, warmup=500), 3)
    assert values == pytest.approx([2 / 500, 4 / 500, 6 / 500, 8 / 500])


@pytest.mark.parametrize("start", [0.0, 0.5, 0.75])
def test_linear_decay_holds_then_falls_to_zero_at_the_end(start: float) -> None:
    values = rates(lambda optimizer, updates: linear_decay(optimizer, updates, start=start), 40)
    expected = [2 * min(1, (40 - k) / (40 * (1 - start))) for k in range(41)]
    assert values == pytest.approx(expected)
    assert values[int(40 * start)] == 2


def test_the_gradient_norm_is_that_of_all_gradients_in_one_vector() -> None:
    network = nn.Linear(5, 3)
    network(torch.rand(2, 5)).square().sum().backward()
    expected = math.sqrt(sum(float((p.grad.double() ** 2).sum()) for p in network.parameters()))
    assert float(gradient_norm(network.parameters())) == pytest.approx(expected, rel=1e-6)


def test_parameters_without_gradients_have_norm_zero() -> None:
    assert float(gradient_norm(nn.Linear(2, 2).parameters())) == 0
