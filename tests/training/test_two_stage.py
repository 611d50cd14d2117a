import copy

import pytest
import torch

from tests.refusal import refusal_of
from twostage_hdr.losses.perceptual_colour import PerceptualColourLoss
from twostage_hdr.losses.reconstruction import L1Loss
from twostage_hdr.losses.weighted import WeightedLoss
from twostage_hdr.networks.two_stage import TwoStageNetwork

MODES = ("simultaneous", "sequential", "end_to_end")


@pytest.mark.parametrize("mode", MODES)
def test_the_loss_falls_when_it_overfits_one_batch(two_stage, fit, mode: str) -> None:
    loss = fit(two_stage(mode=mode), 30)["train/tone_mapping/loss"]
    assert loss[-1] < 0.85 * loss[0]


@pytest.mark.parametrize("mode", ["simultaneous", "end_to_end"])
def test_stage_one_learns_its_own_target_too(two_stage, fit, mode: str) -> None:
    curve = fit(two_stage(mode=mode), 30)
    assert curve["train/enhancement/loss"][-1] < 0.8 * curve["train/enhancement/loss"][0]
    assert "train/discriminator/loss" in curve.steps[-1]


@pytest.mark.parametrize(("mode", "moves"), [("simultaneous", False), ("sequential", False), ("end_to_end", True)])
def test_only_end_to_end_does_stage_twos_loss_train_stage_one(
    two_stage, objective, fit, snapshot, mode: str, moves: bool
) -> None:
    # Stage I's own terms weigh nothing, so whatever moves it comes from stage II.
    module = two_stage(mode=mode, discriminator=None, objective=objective(reconstruction=0.0, weight=0.0))
    one, two = (snapshot(stage) for stage in (module.network.enhancement, module.network.tone_mapping))
    fit(module, 3)
    assert torch.equal(one, snapshot(module.network.enhancement)) is not moves
    assert not torch.equal(two, snapshot(module.network.tone_mapping))


@pytest.mark.parametrize(("mode", "moves"), [("simultaneous", True), ("sequential", False), ("end_to_end", True)])
def test_stage_one_is_frozen_in_sequential_mode_alone(two_stage, fit, snapshot, mode: str, moves: bool) -> None:
    module = two_stage(mode=mode)
    before = snapshot(module.network.enhancement)
    fit(module, 3)
    assert torch.equal(before, snapshot(module.network.enhancement)) is not moves


def test_simultaneous_stages_train_as_if_each_were_alone(two_stage, enhancement, fit, snapshot) -> None:
    module = two_stage(discriminator=None)
    alone = enhancement(network=copy.deepcopy(module.network.enhancement), discriminator=None)
    fit(module, 5)
    fit(alone, 5)
    torch.testing.assert_close(snapshot(module.network.enhancement), snapshot(alone.network))


def test_stage_twos_loss_has_no_gradient_in_stage_one(two_stage, one_batch) -> None:
    module = two_stage()
    batch = one_batch(1).batch
    _, hdr = module.network.stages(batch.ldr, detach=True)
    module.tone_mapping_loss(hdr, batch.reference16)[0].backward()
    assert all(parameter.grad is None for parameter in module.network.enhancement.parameters())
    assert all(parameter.grad is not None for parameter in module.network.tone_mapping.parameters())


def test_the_optimized_parts_depend_on_the_mode(two_stage) -> None:
    names = {mode: [part.name for part in two_stage(mode=mode).optimized_parts()] for mode in MODES}
    assert names == {
        "simultaneous": ["enhancement", "tone_mapping", "discriminator"],
        "sequential": ["tone_mapping"],
        "end_to_end": ["generator", "discriminator"],
    }


def test_both_images_are_predicted(two_stage, one_batch) -> None:
    module = two_stage()
    ldr = one_batch(1).batch.ldr
    prediction = module.predict(ldr)
    assert torch.equal(prediction.enhanced, module.network.enhancement(ldr))
    assert torch.equal(prediction.result, module.network(ldr))
    assert torch.equal(module(ldr), prediction.result)


def test_a_forward_that_training_would_not_call_is_refused(two_stage) -> None:
    class Doubled(TwoStageNetwork):
        def forward(self, ldr: torch.Tensor) -> torch.Tensor:
            return 2 * super().forward(ldr)

    with refusal_of("module.network", "Doubled", "module=one_network"):
        two_stage(network=Doubled(features=8, growth=4))


def test_an_unknown_mode_is_refused_with_the_choices(two_stage) -> None:
    with refusal_of("module.mode=parallel", *MODES):
        two_stage(mode="parallel")


@pytest.mark.parametrize("mode", MODES)
def test_stage_one_learns_from_the_8_bit_and_stage_two_from_the_16_bit_reference(
    two_stage, fit, one_batch, mode: str
) -> None:
    module, batch = two_stage(mode=mode), one_batch(1).batch
    with torch.no_grad():
        enhanced, hdr = module.network.stages(batch.ldr)
    curve = fit(module, 1)
    assert curve["train/tone_mapping/l1"] == pytest.approx([(hdr - batch.reference16).abs().mean().item()], rel=1e-5)
    if mode != "sequential":
        expected = (enhanced - batch.reference8).abs().mean().item()
        assert curve["train/enhancement/l1"] == pytest.approx([expected], rel=1e-5)


def test_a_colour_loss_without_gradient_trains_as_none_does(two_stage, fit, snapshot) -> None:
    trained = []
    for colour in (PerceptualColourLoss(differentiable=False), None):
        torch.manual_seed(2)
        terms = {"l1": L1Loss()} | ({"colour": colour} if colour else {})
        module = two_stage(tone_mapping_loss=WeightedLoss(terms=terms, weights=dict.fromkeys(terms, 0.7)))
        fit(module, 3)
        trained.append(snapshot(module.network))
    assert torch.equal(*trained)
