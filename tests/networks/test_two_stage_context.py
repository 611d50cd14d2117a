import pytest
import torch
from torch import nn

from twostage_hdr.networks.two_stage_context import (
    CELL,
    HIGHEST_GAIN,
    LOWEST_GAIN,
    ContextGain,
    TwoStageContextNetwork,
    clipping_weight,
)
from twostage_hdr.radiometry.exposure import CLIPPING_THRESHOLD


def count(network: nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters())


def test_the_parameter_counts_are_those_of_the_docstring() -> None:
    network = TwoStageContextNetwork()
    assert (count(network.two_stage), count(network.context)) == (834_476, 312_451)


def test_a_new_one_is_the_two_stage_network() -> None:
    network = TwoStageContextNetwork(features=8, growth=4, context_features=8)
    ldr = torch.rand(2, 3, 13, 21)
    assert torch.equal(network(ldr), network.two_stage(ldr))


def test_the_hyper_parameters_rebuild_the_network() -> None:
    network = TwoStageContextNetwork(features=8, growth=4, context_features=12)
    twin = TwoStageContextNetwork(**network.hyper_parameters)
    twin.load_state_dict(network.state_dict())
    ldr = torch.rand(1, 3, 8, 8)
    assert torch.equal(twin(ldr), network(ldr))


def trained(features: int = 8, std: float = 0.3) -> ContextGain:
    """With a map that is not 1 everywhere."""
    torch.manual_seed(0)
    context = ContextGain(features=features)
    nn.init.normal_(context.conv_out.weight, std=std)
    return context


@pytest.mark.parametrize("size", [(1, 1), (1, 9), (8, 8), (17, 23)])
def test_any_size_and_batch_comes_back_in_its_shape(size: tuple[int, int]) -> None:
    gains = trained()(torch.rand(2, 3, *size))
    assert gains.shape == (2, 3, *size)
    assert (gains >= LOWEST_GAIN).all()
    assert (gains <= HIGHEST_GAIN).all()


def test_a_new_context_changes_nothing() -> None:
    assert torch.equal(ContextGain(features=8)(torch.rand(1, 3, 20, 20)), torch.ones(1, 3, 20, 20))


def test_only_clipped_channels_are_changed() -> None:
    ldr = torch.rand(1, 3, 32, 32) * 0.95  # well exposed: below 0.9 linear, 0.954 encoded
    ldr[:, 0, 8:24, 8:24] = 1.0
    gains = trained()(ldr)
    assert (gains[:, 1:] == 1).all()
    assert (gains[:, 0] != 1).sum() == 16 * 16


def test_white_begins_at_the_end_of_the_well_exposed_range_and_ends_at_the_clipping_threshold() -> None:
    values = torch.tensor([0.0, 0.9 ** (1 / 2.24), CLIPPING_THRESHOLD, 1.0]).expand(3, 1, 4)
    assert clipping_weight(values)[0, 0].tolist() == pytest.approx([0, 0, 1, 1], abs=1e-6)


def test_an_outsized_map_is_cut() -> None:
    gains = trained(std=1000.0)(torch.ones(1, 3, 64, 64))
    assert gains.max() <= HIGHEST_GAIN * 1.0001
    assert gains.min() >= LOWEST_GAIN * 0.9999


def test_a_cell_sees_as_far_as_its_reach_and_no_further() -> None:
    context = trained().double()
    side = 2 * context.receptive_cells + 5
    ldr = torch.rand(1, 3, CELL, side * CELL, dtype=torch.float64, requires_grad=True)
    context.map(ldr)[0, :, 0, side // 2].sum().backward()
    assert ldr.grad is not None
    seen = ldr.grad.abs().sum((0, 1, 2)).reshape(side, CELL).sum(1).nonzero().flatten() - side // 2
    assert (int(seen.min()), int(seen.max())) == (-context.receptive_cells, context.receptive_cells)


def test_gradients_are_those_of_differences() -> None:
    context = trained().double()
    ldr = torch.ones(1, 3, 9, 10, dtype=torch.float64)
    parameters = {name: value.detach().clone() for name, value in context.named_parameters()}
    name = "conv_out.weight"

    def gains(weight: torch.Tensor) -> torch.Tensor:
        return torch.func.functional_call(context, {**parameters, name: weight}, (ldr,))

    assert torch.autograd.gradcheck(gains, parameters[name].requires_grad_())
