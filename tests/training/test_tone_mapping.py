from pathlib import Path

import pytest
import torch

from tests.refusal import refusal_of
from twostage_hdr.inference.weights import save_weights
from twostage_hdr.networks.baselines.expandnet import ExpandNet
from twostage_hdr.networks.stage import Stage


@pytest.fixture
def stage_one(tmp_path: Path) -> tuple[Stage, str]:
    """Weights of an enhancement stage, as a file."""
    stage = Stage(features=8, growth=4, blocks=2)
    save_weights(tmp_path / "stage_one.safetensors", stage)
    return stage, str(tmp_path / "stage_one.safetensors")


def test_its_loss_falls_when_it_overfits_one_batch(tone_mapping, fit) -> None:
    loss = fit(tone_mapping(), 40)["train/tone_mapping/loss"]
    assert loss[-1] < 0.8 * loss[0]


def test_alone_it_takes_the_frame(tone_mapping, one_batch) -> None:
    module = tone_mapping()
    ldr = one_batch(1).batch.ldr
    assert torch.equal(module.predict(ldr).result, module.network(ldr))
    assert module.predict(ldr).enhanced is None


def test_given_a_stage_one_it_takes_its_output(tone_mapping, one_batch, stage_one: tuple[Stage, str]) -> None:
    stage, file = stage_one
    module = tone_mapping(stage_one_weights=file)
    ldr = one_batch(1).batch.ldr
    prediction = module.predict(ldr)
    assert torch.equal(prediction.enhanced, stage(ldr))
    assert torch.equal(prediction.result, module.network(stage(ldr)))


def test_the_given_stage_one_stays_as_it_is(tone_mapping, fit, snapshot, stage_one: tuple[Stage, str]) -> None:
    stage, file = stage_one
    module = tone_mapping(stage_one_weights=file)
    before = snapshot(module.network)
    fit(module, 3)
    assert torch.equal(snapshot(module.enhancer), snapshot(stage))
    assert not torch.equal(snapshot(module.network), before)


def test_weights_without_a_stage_are_refused(tone_mapping, tmp_path: Path) -> None:
    save_weights(tmp_path / "other.safetensors", ExpandNet())
    with refusal_of(tmp_path / "other.safetensors", "ExpandNet", "TwoStageNetwork"):
        tone_mapping(stage_one_weights=str(tmp_path / "other.safetensors"))
    with refusal_of("nowhere.ckpt"):
        tone_mapping(stage_one_weights="nowhere.ckpt")


def test_it_learns_from_the_16_bit_reference(tone_mapping, fit, one_batch) -> None:
    module, batch = tone_mapping(), one_batch(1).batch
    with torch.no_grad():
        expected = (module.network(batch.ldr) - batch.reference16).abs().mean()
    assert fit(module, 1)["train/tone_mapping/l1"] == pytest.approx([expected.item()], rel=1e-5)
