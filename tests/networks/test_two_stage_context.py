import torch
from torch import nn

from twostage_hdr.networks.two_stage_context import TwoStageContextNetwork


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
