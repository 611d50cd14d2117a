import pytest
import torch
from torch import nn

from twostage_hdr.networks.stage import Stage


class LinearStage(Stage):
    """A stage whose output counts as linear."""

    output = "linear"


def test_its_loss_falls_when_it_overfits_one_batch(supervised, fit) -> None:
    loss = fit(supervised(), 40)["train/network/loss"]
    assert loss[-1] < 0.8 * loss[0]


def test_a_linear_network_is_scored_encoded(supervised, one_batch) -> None:
    network = LinearStage(features=8, growth=4, blocks=1)
    ldr = one_batch(1).batch.ldr
    result = supervised(network=network).predict(ldr).result
    torch.testing.assert_close(result.double(), network(ldr).double() ** (1 / 2.24))


def test_an_encoded_network_is_scored_as_it_is(supervised, one_batch) -> None:
    module = supervised()
    ldr = one_batch(1).batch.ldr
    assert torch.equal(module.predict(ldr).result, module.network(ldr))


def test_frozen_parameters_are_left_out_of_the_optimiser(supervised, fit, snapshot) -> None:
    network = Stage(features=8, growth=4, blocks=1)
    network.conv_in.requires_grad_(False)
    frozen = nn.ModuleList([network.conv_in])
    before = snapshot(frozen), snapshot(network.conv_out)
    fit(supervised(network=network), 3)
    assert torch.equal(before[0], snapshot(frozen))
    assert not torch.equal(before[1], snapshot(network.conv_out))


def test_it_learns_from_the_16_bit_reference(supervised, fit, one_batch) -> None:
    module, batch = supervised(), one_batch(1).batch
    with torch.no_grad():
        expected = (module.network(batch.ldr) - batch.reference16).abs().mean()
    assert fit(module, 1)["train/network/l1"] == pytest.approx([expected.item()], rel=1e-5)
