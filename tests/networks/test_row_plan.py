"""Which parts a network is taken apart into, and how far they see."""

import pytest
import torch
from torch import nn

from twostage_hdr.networks.row_plan import row_plan
from twostage_hdr.networks.stage import Stage
from twostage_hdr.networks.two_stage import TwoStageNetwork
from twostage_hdr.networks.two_stage_context import TwoStageContextNetwork
from twostage_hdr.networks.two_stage_whole_frame import TwoStageWholeFrameNetwork


def test_the_variants_are_the_two_stages_and_what_is_added_to_their_rows() -> None:
    context = TwoStageContextNetwork(features=2, growth=2, context_features=2)
    whole = TwoStageWholeFrameNetwork(features=2, growth=2, context_features=2, widths=[2, 2, 2], curve_features=2)
    for network in (context, whole):
        plan = row_plan(network)
        assert plan.network is network.two_stage
        assert plan.stages == [network.two_stage.enhancement, network.two_stage.tone_mapping]
        assert plan.context is network.context
    assert row_plan(context).whole_frame is None
    assert row_plan(whole).whole_frame is whole


@pytest.mark.parametrize("kind", [Stage, TwoStageNetwork, TwoStageContextNetwork, TwoStageWholeFrameNetwork])
def test_a_derived_class_is_run_as_it_is(kind: type[nn.Module]) -> None:
    derived = type("Derived", (kind,), {})(features=2, growth=2)
    assert row_plan(derived) == (derived, [], None, None, None)


@pytest.mark.parametrize(
    ("network", "radius"),
    [
        (TwoStageNetwork(features=2, growth=2), 17),
        (Stage(features=2, growth=2), 11),
        (Stage(features=2, growth=2, blocks=1), 6),
    ],
)
def test_the_receptive_radius_is_the_reach_of_the_gradient(network: nn.Module, radius: int) -> None:
    for parameter in network.parameters():
        nn.init.constant_(parameter, 0.01)  # no ReLU closes and nothing cancels
    image = torch.full((1, 3, 41, 41), 0.5, dtype=torch.float64, requires_grad=True)
    network.double()(image)[0, 0, 20, 20].backward()
    assert image.grad is not None
    rows = image.grad.abs().sum((0, 1, 3)).nonzero()[:, 0]
    assert row_plan(network).radius == radius == 20 - int(rows.min()) == int(rows.max()) - 20


def test_a_network_that_says_nothing_sees_the_whole_image() -> None:
    assert row_plan(nn.Conv2d(3, 3, 3)).radius is None
