import pytest
import torch
from torch import nn

from tests.refusal import refusal_of
from twostage_hdr.networks.baselines.expandnet import ExpandNet
from twostage_hdr.networks.stage import Stage
from twostage_hdr.networks.two_stage import TwoStageNetwork
from twostage_hdr.networks.two_stage_context import TwoStageContextNetwork
from twostage_hdr.training.stage_weights import enhancement_stage, start_from


def two_stage() -> TwoStageNetwork:
    return TwoStageNetwork(features=8, growth=4, enhancement_blocks=2, tone_mapping_blocks=1)


def stage(blocks: int) -> Stage:
    return Stage(features=8, growth=4, blocks=blocks)


def assert_same(one: nn.Module, other: nn.Module) -> None:
    assert all(torch.equal(a, b) for a, b in zip(one.parameters(), other.parameters(), strict=True))


def test_stage_one_is_found_in_a_two_stage_network_and_in_a_stage() -> None:
    network, alone = two_stage(), stage(1)
    assert enhancement_stage(network, "w") is network.enhancement
    assert enhancement_stage(alone, "w") is alone
    with refusal_of("w", "ExpandNet"):
        enhancement_stage(ExpandNet(), "w")


def test_equal_networks_copy_everything() -> None:
    network, trained = two_stage(), two_stage()
    assert start_from(network, trained, "w") == "all weights"
    assert_same(network, trained)


def test_a_two_stage_network_takes_stage_one_alone_from_a_stage() -> None:
    network, trained = two_stage(), stage(2)
    before = [p.clone() for p in network.tone_mapping.parameters()]
    assert start_from(network, trained, "w") == "stage I"
    assert_same(network.enhancement, trained)
    assert all(torch.equal(a, b) for a, b in zip(before, network.tone_mapping.parameters(), strict=True))


@pytest.mark.parametrize(("blocks", "name", "part"), [(2, "stage I", "enhancement"), (1, "stage II", "tone_mapping")])
def test_a_stage_takes_the_stage_of_its_size(blocks: int, name: str, part: str) -> None:
    network, trained = stage(blocks), two_stage()
    assert start_from(network, trained, "w") == name
    assert_same(network, getattr(trained, part))


def test_the_variant_with_context_takes_the_two_stages_inside_it() -> None:
    network, trained = TwoStageContextNetwork(features=8, growth=4), two_stage()
    assert start_from(network, trained, "w") == "both stages"
    assert_same(network.two_stage, trained)


@pytest.mark.parametrize(
    ("network", "trained"),
    [(stage(1), stage(2)), (two_stage(), stage(1)), (stage(3), two_stage()), (ExpandNet(), stage(1))],
)
def test_weights_that_do_not_fit_are_refused_by_name(network: nn.Module, trained: nn.Module) -> None:
    with refusal_of("weights=mine.ckpt", type(trained).__name__, type(network).__name__):
        start_from(network, trained, "mine.ckpt")
