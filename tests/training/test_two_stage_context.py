from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from lightning.pytorch.callbacks import EMAWeightAveraging
from torch import nn
from torch.utils.data import DataLoader

from tests.refusal import refusal_of
from twostage_hdr.data.triple import Triple
from twostage_hdr.networks.stage import Stage
from twostage_hdr.networks.two_stage_context import TwoStageContextNetwork
from twostage_hdr.training.two_stage_context import TwoStageContextModule


@pytest.fixture
def module(adam: Any, tone_mapping_loss: Any, tmp_path: Path) -> Callable[..., TwoStageContextModule]:
    def build(**settings: Any) -> TwoStageContextModule:
        torch.manual_seed(0)
        network = TwoStageContextNetwork(features=8, growth=4, context_features=8)
        for stage in (network.two_stage.enhancement, network.two_stage.tone_mapping):
            nn.init.zeros_(stage.conv_out.weight)  # the identity: what is lost in clipping is all that can be learnt
            nn.init.zeros_(stage.conv_out.bias)
        defaults: dict[str, Any] = {
            "network": network,
            "loss": tone_mapping_loss(),
            "optimizer": adam,
            "cache_dir": str(tmp_path / "cache_dir"),
        }
        return TwoStageContextModule(**(defaults | settings))

    return build


@pytest.fixture
def learn(trainer: Any) -> Callable[[TwoStageContextModule, int], list[float]]:
    """Trains on one batch of two clipped 8-bit crops for so many updates; the losses."""

    def run(module: TwoStageContextModule, updates: int) -> list[float]:
        reference = 2 * torch.rand(2, 3, 16, 16, generator=torch.Generator().manual_seed(1)) ** 2
        ldr = (255 * reference.clamp(0, 1)).round() / 255
        crops = [Triple(*images, "crop", torch.tensor(1.0)) for images in zip(ldr, ldr, reference, strict=True)]
        losses: list[float] = []
        module.log_losses = lambda part, total, terms: losses.append(float(total))  # type: ignore[method-assign]
        trainer().fit(module, DataLoader(crops * updates, batch_size=2))
        return losses

    return run


def test_the_context_learns_and_the_two_stages_stay(module, learn, snapshot) -> None:
    built = module()
    before = snapshot(built.network.two_stage)
    losses = learn(built, 30)
    assert losses[-1] < 0.8 * losses[0]
    assert torch.equal(before, snapshot(built.network.two_stage))


def test_a_batch_that_comes_again_is_not_computed_again(module, learn, tmp_path: Path) -> None:
    learn(module(), 5)
    assert len(list((tmp_path / "cache_dir").iterdir())) == 2  # the batch's two crops


def test_a_run_from_remembered_results_equals_the_one_that_computed_them(module, learn, snapshot) -> None:
    one, other = module(), module()
    learn(one, 4)
    learn(other, 4)
    assert torch.equal(snapshot(one.network.context), snapshot(other.network.context))


def test_what_it_trains_on_is_what_the_network_gives(module, one_batch) -> None:
    built = module()
    nn.init.normal_(built.network.context.conv_out.weight, std=0.3)
    ldr = (255 * one_batch(1).batch.ldr).round() / 255
    ours = built._run_two_stage(ldr) * built.network.context(ldr)
    torch.testing.assert_close(ours, built.predict(ldr).result, rtol=0, atol=1e-5)


def test_without_a_cache_dir_it_learns_the_same(module, learn, tmp_path: Path) -> None:
    remembered, computed = learn(module(), 3), learn(module(cache_dir=None), 3)
    assert remembered == pytest.approx(computed, rel=1e-3)
    assert len(list((tmp_path / "cache_dir").iterdir())) == 2


def test_averaged_weights_are_saved_with_the_two_stages_as_they_were(
    module, trainer, one_batch, tmp_path: Path
) -> None:
    built = module()
    before = {name: value.clone() for name, value in built.network.two_stage.state_dict().items()}
    average = EMAWeightAveraging(decay=0.9)
    running = trainer(callbacks=[average], max_epochs=1)
    running.fit(built, one_batch(7).loader())
    running.save_checkpoint(tmp_path / "saved.ckpt")
    saved = torch.load(tmp_path / "saved.ckpt", weights_only=True)["state_dict"]
    assert all(torch.equal(saved[f"network.two_stage.{name}"], value) for name, value in before.items())


def test_other_networks_are_refused(module) -> None:
    with refusal_of("module.network=Stage", "network=two_stage_context"):
        module(network=Stage(features=8, growth=4, blocks=1))
