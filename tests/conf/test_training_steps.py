"""Every module's training step, on the CPU and on a GPU: it runs, learns the same, and does not wait for the device."""

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import lightning as L
import pytest
import torch
from hydra.utils import instantiate
from omegaconf import DictConfig, open_dict
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.data import DataLoader

from tests.conf.test_groups import COMPARED, OURS, SEVERAL_SHOTS
from tests.refusal import refusal_of
from tests.training.callbacks.test_graphed_steps import Rerun
from twostage_hdr.data.triple import Triple
from twostage_hdr.training.callbacks.compiled_networks import CompiledNetworks
from twostage_hdr.training.callbacks.graphed_steps import WARM_UP, GraphedSteps
from twostage_hdr.training.non_finite import NonFiniteGuard
from twostage_hdr.training.whole_frame_batch import whole_frame_batch
from twostage_hdr.training.zero_output import ZeroOutputGuard

GPU = [pytest.mark.gpu, pytest.mark.skipif(not torch.cuda.is_available(), reason="needs CUDA")]
TINY = OURS | SEVERAL_SHOTS | COMPARED
STEPPING = sorted(set(TINY) - {"two_stage_context"})
"""Those whose steps stay on any device; the context's frozen stages run through the CPU's engine there."""
RECORDED = sorted(set(STEPPING) - {"two_stage_whole_frame"})
"""Those whose steps a graph may hold."""


def batch(count: int = 2, side: int = 32) -> Triple:
    coarse = 1.6 * torch.rand(count, 3, 4, 4, generator=torch.Generator().manual_seed(0))
    reference = torch.nn.functional.interpolate(coarse, size=(side, side), mode="bilinear")
    ldr = (255 * reference.clamp(0, 1)).round() / 255
    return Triple(ldr, reference.clamp(0, 1), reference, [f"{index}" for index in range(count)], torch.ones(count))


def batches(module: str, count: int) -> DataLoader:
    if module == "two_stage_whole_frame":
        frames = [triple._replace(scene=f"{camera}/a") for camera in ("any", "gamma") for triple in unbatched()]
        one = whole_frame_batch(frames)
    elif module in SEVERAL_SHOTS:
        ldr, *rest = batch()
        frames = torch.stack([(ldr * 2**stop).clamp(max=1) for stop in (0.0, -2.0, 2.0)], 1)
        one = Triple(torch.stack((frames, frames**2.24), 2), *rest)
    else:
        one = batch()
    return DataLoader([one] * count, batch_size=None, pin_memory=torch.cuda.is_available())


def unbatched() -> list[Triple]:
    ldr, reference8, reference16, scenes, scale = batch()
    return [Triple(*values) for values in zip(ldr, reference8, reference16, scenes, scale, strict=True)]


def build(compose: Callable[..., DictConfig], module: str) -> L.LightningModule:
    torch.manual_seed(0)
    uncached = ("module.cache_dir=null",) if module == "two_stage_context" else ()
    config = compose(f"module={module}", *uncached, *TINY[module])
    with open_dict(config):
        config.module.pop("schedule", None)  # it would ask a DataModule for the length of the run
    return instantiate(config.module)


class Losses(L.Callback):
    """Each step's totals, left on the device."""

    def __init__(self) -> None:
        self.steps: list[dict[str, torch.Tensor]] = []

    def on_train_batch_end(self, trainer: L.Trainer, *_: Any) -> None:
        logged = trainer.callback_metrics.items()
        self.steps.append({name: value for name, value in logged if name.endswith("/loss")})


def fit(
    module: L.LightningModule, *callbacks: L.Callback, kind: str = "two_stage", steps: int = 3, **settings: Any
) -> L.Trainer:
    trainer = L.Trainer(
        max_epochs=1,
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        callbacks=list(callbacks),
        **settings,
    )
    trainer.fit(module, batches(kind, steps))
    return trainer


class HostWaits(TorchDispatchMode):
    """What would make the host wait for a GPU: reading its values, and numbers of the host made into tensors."""

    WAITS = ("_local_scalar_dense", "nonzero", "masked_select", "equal", "lift_fresh", "_unique2")

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def __torch_dispatch__(self, function: Any, types: Any, arguments: Any = (), settings: Any = None) -> Any:
        name = function.overloadpacket.__name__
        masked = name == "index" and any(index is not None and index.dtype == torch.bool for index in arguments[1])
        if name in self.WAITS or masked:
            self.found.append(name)
        return function(*arguments, **(settings or {}))


class Watched(L.Callback):
    """Every step inside the mode but the first, in which things are made that stay."""

    def __init__(self, mode: HostWaits) -> None:
        self.mode = mode

    def on_train_batch_start(self, trainer: L.Trainer, module: L.LightningModule, batch: Triple, index: int) -> None:
        if index > 0:
            self.mode.__enter__()

    def on_train_batch_end(
        self, trainer: L.Trainer, module: L.LightningModule, outputs: Any, batch: Triple, index: int
    ) -> None:
        if index > 0:
            self.mode.__exit__(None, None, None)


@pytest.mark.parametrize("module", STEPPING)
def test_no_training_step_makes_the_host_wait(
    compose: Callable[..., DictConfig], monkeypatch: pytest.MonkeyPatch, module: str
) -> None:
    # On a GPU they read what has arrived, and every 50th update; on the CPU they would read at once.
    monkeypatch.setattr(NonFiniteGuard, "refuse", lambda *_, **__: None)
    monkeypatch.setattr(ZeroOutputGuard, "check", lambda *_: None)
    built = build(compose, module)
    waits = HostWaits()
    fit(built, Watched(waits), kind=module, steps=4, accelerator="cpu")  # a frame's response is declared now and then
    assert waits.found == []


@pytest.mark.parametrize("module", RECORDED)
def test_no_recorded_step_makes_the_host_wait(
    compose: Callable[..., DictConfig], monkeypatch: pytest.MonkeyPatch, module: str
) -> None:
    monkeypatch.setattr(NonFiniteGuard, "refuse", lambda *_, **__: None)
    monkeypatch.setattr(ZeroOutputGuard, "read", lambda *_: None)
    graphs, waits = GraphedSteps(graph=Rerun), HostWaits()
    fit(build(compose, module), graphs, Watched(waits), kind=module, steps=WARM_UP + 2, accelerator="cpu")
    assert graphs.replays == 2
    assert waits.found == []


def test_waits_are_found() -> None:
    waits = HostWaits()
    with waits:
        x = torch.ones(3) * torch.tensor(2.0)
        _ = x[x > 1].sum().item()
    assert waits.found == ["lift_fresh", "index", "_local_scalar_dense"]


@pytest.mark.slow
@pytest.mark.usefixtures("untyped")
def test_compiled_networks_learn_the_same(compose: Callable[..., DictConfig]) -> None:
    plain, compiled = Losses(), Losses()
    module = build(compose, "two_stage")
    fit(copy.deepcopy(module), plain, accelerator="cpu")
    fit(module, CompiledNetworks(), compiled, accelerator="cpu")
    assert list(module.state_dict()) == list(build(compose, "two_stage").state_dict())
    for ours, theirs in zip(compiled.steps, plain.steps, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-5)


class NoWaits(L.Callback):
    """From the second batch on, or from a later one, a step that waits for the GPU is an error."""

    def __init__(self, first: int = 1) -> None:
        self.first = first

    def on_train_batch_start(self, trainer: L.Trainer, module: L.LightningModule, batch: Triple, index: int) -> None:
        if index >= self.first:
            torch.cuda.set_sync_debug_mode("error")

    def on_train_batch_end(self, *_: Any) -> None:
        torch.cuda.set_sync_debug_mode("default")

    def on_exception(self, *_: Any) -> None:
        torch.cuda.set_sync_debug_mode("default")


@pytest.mark.parametrize("module", [pytest.param(module, marks=GPU) for module in sorted(TINY)])
@pytest.mark.parametrize("precision", ["32-true", "bf16-mixed"])
def test_a_gpu_trains_every_module_without_waiting(
    compose: Callable[..., DictConfig], module: str, precision: str
) -> None:
    built = build(compose, module)
    losses, expected = Losses(), Losses()
    if precision == "32-true":
        fit(copy.deepcopy(built), expected, kind=module, accelerator="cpu")
    fit(built, NoWaits(), losses, kind=module, accelerator="gpu", devices=1, precision=precision)
    for name, value in losses.steps[0].items():
        assert value.isfinite()
        if expected.steps:
            torch.testing.assert_close(value.cpu(), expected.steps[0][name], rtol=1e-3, atol=1e-4)


@pytest.mark.usefixtures("untyped")
@pytest.mark.parametrize("module", [pytest.param(module, marks=GPU) for module in ("two_stage", "enhancement")])
def test_a_gpu_trains_compiled_networks(compose: Callable[..., DictConfig], module: str) -> None:
    losses = Losses()
    fit(build(compose, module), CompiledNetworks(), losses, accelerator="gpu", devices=1)
    assert all(value.isfinite() for step in losses.steps for value in step.values())


@pytest.mark.parametrize("module", [pytest.param(module, marks=GPU) for module in RECORDED])
@pytest.mark.parametrize("precision", ["32-true", "bf16-mixed"])
def test_a_gpu_replays_its_steps(compose: Callable[..., DictConfig], module: str, precision: str) -> None:
    steps, plain, replayed = WARM_UP + 4, Losses(), Losses()
    graphs, built = GraphedSteps(), build(compose, module)
    settings: dict[str, Any] = {"accelerator": "gpu", "devices": 1, "precision": precision}
    ordinary = fit(copy.deepcopy(built), plain, kind=module, steps=steps, **settings)
    run = fit(built, graphs, NoWaits(WARM_UP + 1), replayed, kind=module, steps=steps, **settings)
    assert graphs.replays == steps - WARM_UP
    assert run.global_step == ordinary.global_step
    tolerance = 1e-3 if precision == "32-true" else 3e-2
    for ours, theirs in zip(replayed.steps, plain.steps, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=tolerance, atol=tolerance / 10)


@pytest.mark.parametrize("module", [pytest.param("two_stage", marks=GPU)])
def test_a_replayed_step_after_an_ordinary_one_is_watched(
    compose: Callable[..., DictConfig], tmp_path: Path, module: str
) -> None:
    good = batch()
    bad = good._replace(reference16=good.reference16 * torch.nan)
    smaller = batch(side=16)
    trainer = L.Trainer(
        accelerator="gpu",
        devices=1,
        max_epochs=1,
        logger=False,
        default_root_dir=tmp_path,
        enable_checkpointing=False,
        enable_progress_bar=False,
        callbacks=[GraphedSteps()],
    )
    built = build(compose, module)
    triples = [*[good] * (WARM_UP + 2), smaller, good, bad, good]
    with refusal_of(f"epoch 1, update {WARM_UP + 5}", "tone_mapping loss nan"):
        trainer.fit(built, DataLoader(triples, batch_size=None, pin_memory=True))
    assert all(value.isfinite().all() for value in built.parameters())
