import pytest
import torch
from torch import nn

from tests.refusal import refusal_of
from twostage_hdr.losses.reconstruction import L1Loss
from twostage_hdr.losses.weighted import WeightedLoss


class Squared(nn.Module):
    def forward(self, prediction: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        return ((prediction - target) ** 2).mean()


def test_the_total_is_the_weighted_sum_and_the_parts_are_unweighted_and_detached() -> None:
    loss = WeightedLoss(terms={"l1": L1Loss(), "squared": Squared()}, weights={"squared": 0.5, "l1": 2})
    prediction = torch.full((1, 3, 2, 2), 3.0, requires_grad=True)
    total, parts = loss(prediction, torch.zeros(1, 3, 2, 2))
    assert total.item() == 2 * 3 + 0.5 * 9
    assert {name: part.item() for name, part in parts.items()} == {"l1": 3.0, "squared": 9.0}
    assert not any(part.requires_grad for part in parts.values())
    total.backward()
    torch.testing.assert_close(prediction.grad, torch.full((1, 3, 2, 2), (2 + 0.5 * 2 * 3) / 12))


def test_the_gradient_agrees_with_differences_in_float64() -> None:
    loss = WeightedLoss(terms={"l1": L1Loss(), "squared": Squared()}, weights={"l1": 1.0, "squared": 0.3})
    target = torch.rand(1, 3, 3, 3, dtype=torch.float64)
    prediction = (target + 0.5).requires_grad_()
    assert torch.autograd.gradcheck(lambda x: loss(x, target)[0], (prediction,))


@pytest.mark.parametrize("weights", [{}, {"l2": 1.0}, {"l1": 1.0, "extra": 1.0}])
def test_names_that_do_not_match_are_refused_in_one_line(weights: dict[str, float]) -> None:
    with refusal_of("loss", ["l1"], sorted(weights)):
        WeightedLoss(terms={"l1": L1Loss()}, weights=weights)


def test_terms_with_parameters_move_with_the_loss() -> None:
    term = nn.Module()
    term.weight = nn.Parameter(torch.ones(1))
    loss = WeightedLoss(terms={"term": term}, weights={"term": 1.0}).double()
    assert [parameter.dtype for parameter in loss.parameters()] == [torch.float64]
