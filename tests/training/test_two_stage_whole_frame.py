from collections.abc import Callable
from typing import Any

import pytest
import torch
from lightning.pytorch.callbacks import EMAWeightAveraging
from torch import nn
from torch.utils.data import DataLoader

from tests.refusal import refusal_of
from twostage_hdr.data.triple import Triple
from twostage_hdr.networks.stage import Stage
from twostage_hdr.networks.two_stage_whole_frame import TwoStageWholeFrameNetwork
from twostage_hdr.training.two_stage_whole_frame import TwoStageWholeFrameModule, known_or
from twostage_hdr.training.whole_frame_batch import whole_frame_batch

DECLARED = {"any": {"estimated": 1.0, "srgb": 1.0}, "gamma": {"gamma": 1.0}}


def frame(scene: str, *, gamma: float = 2.24) -> Triple:
    """Twice as bright as white at the right; encoded with a gamma."""
    light = 0.02 + 0.9 * torch.rand(1, 40, 60, generator=torch.Generator().manual_seed(0)).expand(3, 40, 60).clone()
    light[..., 40:] = 4
    ldr = (255 * light.clamp(max=1) ** (1 / gamma)).round() / 255
    reference = light ** (1 / 2.24)
    return Triple(ldr, reference.clamp(max=1), reference, scene, torch.tensor(1.0))


@pytest.fixture
def module(adam: Any) -> Callable[..., TwoStageWholeFrameModule]:
    def build(**settings: Any) -> TwoStageWholeFrameModule:
        torch.manual_seed(0)
        sizes = {"features": 8, "growth": 4, "widths": (8, 8, 8), "curve_features": 4, "context_features": 8}
        network = TwoStageWholeFrameNetwork(**sizes, dropout=0.0, local=0.0)
        return TwoStageWholeFrameModule(**({"network": network, "optimizer": adam, "declared": DECLARED} | settings))

    return build


@pytest.fixture
def learn(trainer: Any) -> Callable[[TwoStageWholeFrameModule, int], list[dict[str, float]]]:
    """Trains on two frames for so many updates; the terms of the loss."""

    def run(module: TwoStageWholeFrameModule, updates: int) -> list[dict[str, float]]:
        frames = [frame("gamma/a"), frame("any/b", gamma=1.6)]
        terms: list[dict[str, float]] = []
        module.log_losses = lambda player, total, parts: terms.append(  # type: ignore[method-assign]
            {name: float(value) for name, value in parts.items()}
        )
        trainer().fit(module, DataLoader(frames * updates, batch_size=2, collate_fn=whole_frame_batch))
        return terms

    return run


def test_lights_and_response_are_learnt_and_the_two_stages_stay(module, learn, snapshot) -> None:
    built = module()
    before = snapshot(built.network.two_stage)
    terms = learn(built, 60)
    for name, share in (("pinball", 0.7), ("response", 0.7)):
        values = [term[name] for term in terms if name in term]
        assert values[-1] < share * values[0]
    assert terms[-1]["image"] < terms[0]["image"]
    assert torch.equal(before, snapshot(built.network.two_stage))


def test_a_response_is_declared_as_often_as_it_says(module) -> None:
    built = module()
    estimated = built.network.branch.response(whole_frame_batch([frame("any/a")] * 2).seen)
    exponents = []
    for built.updates in range(60):
        curve = known_or(estimated, built.responses(["gamma", "any"]))
        exponents.append(curve.exponent.tolist())
    assert all(gamma == pytest.approx(2.24) for gamma, _ in exponents)
    declared = sum(abs(other - 2.4) < 1e-6 for _, other in exponents)
    assert 15 < declared < 45


def test_frames_of_an_undeclared_camera_are_refused(module) -> None:
    with refusal_of("module.declared", "'phone'"):
        module().responses(["phone"])


def test_only_views_of_whole_frames_are_learnt_from(module, trainer) -> None:
    with refusal_of("data", "Triple", "WholeFrameBatch"):
        trainer().fit(module(), DataLoader([frame("any/a")], batch_size=1))


def test_views_of_whole_frames_are_refused_by_other_modules(trainer, supervised) -> None:
    views = DataLoader([frame("any/a")], batch_size=1, collate_fn=whole_frame_batch)
    with refusal_of("data", "WholeFrameBatch", "Triple"):
        trainer().fit(supervised(), views)


def test_what_validation_shows_is_the_network_but_for_the_two_stages(module) -> None:
    built = module(validate_as=2.24).eval()
    nn.init.normal_(built.network.branch.leave.weight)
    for stage in (built.network.two_stage.enhancement, built.network.two_stage.tone_mapping):
        nn.init.zeros_(stage.conv_out.weight)
        nn.init.zeros_(stage.conv_out.bias)
    ldr = frame("gamma/a").ldr[None]
    with torch.no_grad():
        torch.testing.assert_close(built.predict(ldr).result, built.network(ldr, 2.24))


def test_averaged_weights_are_saved_with_the_two_stages_as_they_were(module, trainer, tmp_path) -> None:
    built = module()
    before = {name: value.clone() for name, value in built.network.two_stage.state_dict().items()}
    running = trainer(callbacks=[EMAWeightAveraging(decay=0.9)], max_epochs=1)
    running.fit(built, DataLoader([frame("any/a")] * 8, batch_size=2, collate_fn=whole_frame_batch))
    running.save_checkpoint(tmp_path / "saved.ckpt")
    saved = torch.load(tmp_path / "saved.ckpt", weights_only=True)["state_dict"]
    assert all(torch.equal(saved[f"network.two_stage.{name}"], value) for name, value in before.items())


def test_other_networks_and_responses_are_refused(module) -> None:
    with refusal_of("module.network=Stage", "network=two_stage_whole_frame"):
        module(network=Stage(features=8, growth=4, blocks=1))
    with refusal_of("module.declared={'any': {'linear': 1.0}}", "estimated, gamma, srgb"):
        module(declared={"any": {"linear": 1.0}})
