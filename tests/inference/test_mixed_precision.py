from contextlib import nullcontext

import pytest
import torch
from torch import nn

from twostage_hdr.inference.mixed_precision import mixed_forward
from twostage_hdr.inference.weights import load_weights
from twostage_hdr.networks.stage import Stage
from twostage_hdr.networks.two_stage import TwoStageNetwork

IMAGE = torch.rand(1, 3, 40, 56, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize(
    "network",
    [TwoStageNetwork(features=8, growth=4), Stage(features=8, growth=4, attention=False), nn.Conv2d(3, 3, 3)],
    ids=lambda network: type(network).__name__,
)
def test_without_bfloat16_it_is_the_networks_own_forward(network: nn.Module, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch, "autocast", lambda *_, **__: nullcontext())
    with torch.no_grad():
        torch.testing.assert_close(mixed_forward(network, IMAGE), network(IMAGE))


def test_it_is_nearer_to_float32_than_autocast_alone() -> None:
    network = load_weights("two_stage")
    with torch.inference_mode():
        exact, ours = network(IMAGE), mixed_forward(network, IMAGE)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            plain = network(IMAGE)
    assert ours.dtype == torch.float32
    error, plain_error = (ours - exact).square().mean(), (plain.float() - exact).square().mean()
    assert error < plain_error / 10
    assert -10 * error.log10() > 60  # dB, 1.0 = white


def test_blocks_are_multiplied_in_bfloat16() -> None:
    seen = []
    network = Stage(features=8, growth=4)
    network.blocks[0].dense.conv1.register_forward_hook(lambda _, __, out: seen.append(out.dtype))
    mixed_forward(network, IMAGE)
    assert seen == [torch.bfloat16]
