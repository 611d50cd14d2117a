"""A run whose steps are replayed is the run without; on the CPU the graph runs the step again."""

import copy
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import lightning as L
import pytest
import torch
from torch.utils.data import DataLoader

from tests.refusal import refusal_of
from twostage_hdr.training.callbacks.graphed_steps import WARM_UP, GraphedSteps
from twostage_hdr.training.non_finite import FILE
from twostage_hdr.training.optimisation import linear_decay


class Rerun:
    """A graph's interface without a graph."""

    def __init__(self) -> None:
        self.streams = 0

    @contextmanager
    def stream(self) -> Iterator[None]:
        self.streams += 1
        yield

    def record(self, work: Callable[[], None]) -> None:
        self.replay = work


class Curve(L.Callback):
    """Every logged value, and Lightning's count, of each step."""

    def __init__(self) -> None:
        self.steps: list[dict[str, float]] = []

    def on_train_batch_end(self, trainer: L.Trainer, *_: Any) -> None:
        values = {name: float(value) for name, value in trainer.callback_metrics.items()}
        self.steps.append(values | {"global_step": trainer.global_step})


FUSED = partial(torch.optim.Adam, lr=2**-9, betas=(0.9, 0.99), fused=True)
STEPS = WARM_UP + 4


def decaying(optimizer: torch.optim.Optimizer, updates: int) -> torch.optim.lr_scheduler.LRScheduler:
    return linear_decay(optimizer, 2 * STEPS, start=0.0)


@pytest.fixture
def run(trainer, one_batch) -> Callable[..., Curve]:
    def train(module: L.LightningModule, *callbacks: L.Callback, left_over: int = 0) -> Curve:
        module.updates_planned = lambda: 2 * STEPS  # type: ignore[assignment]
        curve, images = Curve(), one_batch(STEPS + 1, 3)
        crops = [images[index] for index in range(STEPS * images.crops + left_over)]
        trainer(callbacks=[*callbacks, curve]).fit(module, DataLoader(crops, batch_size=images.crops))
        return curve

    return train


@pytest.mark.parametrize("kind", ["two_stage", "enhancement", "tone_mapping", "supervised"])
@pytest.mark.parametrize("left_over", [0, 2])
def test_replayed_steps_are_the_ordinary_ones(
    request: pytest.FixtureRequest, run: Callable[..., Curve], kind: str, left_over: int
) -> None:
    adams = {"optimizer": FUSED} | ({"discriminator_optimizer": FUSED} if kind in ("two_stage", "enhancement") else {})
    module = request.getfixturevalue(kind)(**adams, schedule=decaying)
    replayed, graphs = copy.deepcopy(module), GraphedSteps(graph=Rerun)
    ordinary = run(module, left_over=left_over)
    assert run(replayed, graphs, left_over=left_over).steps == ordinary.steps
    assert len(ordinary.steps) == STEPS + (left_over > 0)
    assert graphs.replays == STEPS - WARM_UP  # the smaller last batch is not of them
    assert replayed.updates == module.updates == STEPS + (left_over > 0)
    for ours, theirs in zip(replayed.state_dict().values(), module.state_dict().values(), strict=True):
        assert torch.equal(ours, theirs)
    assert "training_step" not in vars(replayed)


def test_checkpoints_hold_plain_rates(run: Callable[..., Curve], two_stage: Any) -> None:
    module = two_stage(optimizer=FUSED, discriminator_optimizer=FUSED, schedule=decaying)
    run(module, GraphedSteps(graph=Rerun))
    groups = [group for optimizer in module.trainer.optimizers for group in optimizer.param_groups]
    assert all(isinstance(group["lr"], float) and not group["capturable"] for group in groups)


def test_a_replayed_step_that_is_not_finite_ends_the_run_with_its_own_batch(
    trainer, one_batch, two_stage: Any, tmp_path: Path
) -> None:
    images = one_batch(STEPS)
    crops = [images[index] for index in range(2 * STEPS)]
    bad = WARM_UP + 2
    crops[2 * bad] = crops[2 * bad]._replace(reference16=crops[2 * bad].reference16 * torch.nan)
    module = two_stage(optimizer=FUSED, discriminator_optimizer=FUSED)
    running = trainer(default_root_dir=tmp_path, callbacks=[GraphedSteps(graph=Rerun)])
    with refusal_of(f"epoch 1, update {bad + 1}", "tone_mapping loss nan", tmp_path / FILE):
        running.fit(module, DataLoader(crops, batch_size=2))
    assert all(parameter.isfinite().all() for parameter in module.parameters())
    assert "training_step" not in vars(module)


def test_what_cannot_be_recorded_is_refused(trainer, one_batch, two_stage: Any) -> None:
    with refusal_of("trainer=gpu_graphs", "fused Adam", "trainer=gpu"):
        trainer(callbacks=[GraphedSteps(graph=Rerun)]).fit(two_stage(), one_batch(1).loader())


def test_a_derived_module_is_refused(trainer, one_batch, two_stage: Any) -> None:
    module = two_stage(optimizer=FUSED, discriminator_optimizer=FUSED)
    module.__class__ = type("Derived", (type(module),), {})
    with refusal_of("trainer=gpu_graphs", "Derived", "trainer=cpu"):
        trainer(callbacks=[GraphedSteps(graph=Rerun)]).fit(module, one_batch(1).loader())


def test_looking_for_anomalies_is_refused(trainer, one_batch, two_stage: Any) -> None:
    module = two_stage(optimizer=FUSED, discriminator_optimizer=FUSED)
    with refusal_of("trainer=gpu_graphs", "detect_anomaly", "trainer=gpu"):
        trainer(callbacks=[GraphedSteps(graph=Rerun)], detect_anomaly=True).fit(module, one_batch(1).loader())


def test_schedules_of_more_than_the_rate_are_refused(run: Callable[..., Curve], two_stage: Any) -> None:
    def one_cycle(optimizer: torch.optim.Optimizer, updates: int) -> torch.optim.lr_scheduler.LRScheduler:
        return torch.optim.lr_scheduler.OneCycleLR(optimizer, 1e-3, total_steps=updates)

    module = two_stage(optimizer=FUSED, discriminator_optimizer=FUSED, schedule=one_cycle)
    with refusal_of("trainer=gpu_graphs", "schedule", "trainer=gpu"):
        run(module, GraphedSteps(graph=Rerun))


def test_nothing_of_a_run_stays_in_the_module(run: Callable[..., Curve], two_stage: Any) -> None:
    module = two_stage(optimizer=FUSED, discriminator_optimizer=FUSED)
    run(module, GraphedSteps(graph=Rerun))
    assert module.recorded is None
    assert all(isinstance(name, str) for name in module._stepping)


@pytest.mark.skipif(torch.cuda.is_available(), reason="needs a machine without CUDA")
def test_a_gpu_is_needed(trainer, one_batch, supervised: Any) -> None:
    with refusal_of("trainer=gpu_graphs", "cpu", "trainer=cpu"):
        trainer(callbacks=[GraphedSteps()]).fit(supervised(optimizer=FUSED), one_batch(1).loader())
