import os
import signal
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import lightning as L
import pytest
import torch
from lightning.pytorch.callbacks import Checkpoint, EMAWeightAveraging

from tests.refusal import refusal_of
from twostage_hdr.camera.exposure import ClippedShareExposure
from twostage_hdr.camera.noise import SensorNoise
from twostage_hdr.camera.response import SigmoidResponse
from twostage_hdr.camera.virtual_camera import VirtualCamera
from twostage_hdr.data.datamodule import TripleDataModule
from twostage_hdr.data.procedural_source import ProceduralSource
from twostage_hdr.errors import InputError
from twostage_hdr.networks.two_stage import TwoStageNetwork
from twostage_hdr.training.callbacks.checkpoint_file import AtomicCheckpointIO
from twostage_hdr.training.callbacks.run_checkpoints import RunCheckpoints
from twostage_hdr.training.callbacks.stop_signals import Stopped
from twostage_hdr.training.optimisation import warmup_cosine

BATCHES, EPOCHS = 4, 2


class KilledError(BaseException):
    """The process is gone: nothing may be saved any more."""


class At(Checkpoint):
    """Does something when a hook is called for the n-th time, after the checkpoints' own hook."""

    def __init__(self, hook: str, nth: int, action: Callable[[], None]) -> None:
        self.left = nth

        def hooked(*_: Any) -> None:
            self.left -= 1
            if self.left == 0:
                action()

        setattr(self, hook, hooked)


def kill() -> None:
    raise KilledError


def make_data(workers: int = 0) -> TripleDataModule:
    camera = VirtualCamera(exposure=ClippedShareExposure(), response=SigmoidResponse(), noise=SensorNoise(), jpeg=None)
    return TripleDataModule(
        source=ProceduralSource(camera=camera, count=6, height=24, width=32),
        batch_size=2,
        patch_size=16,
        crop_size=8,
        patches_per_epoch=2 * BATCHES,
        flips=True,
        fresh_patches=True,
        workers=workers,
        seed=3,
    )


@pytest.fixture
def run(two_stage, trainer) -> Callable[..., dict[str, Any]]:
    """Trains in a folder, going on from what lies there, and returns the last checkpoint."""

    def train(folder: Path, at: At | None = None, *, minutes: float = 0.0, data: Any = None) -> dict[str, Any]:
        L.seed_everything(3, verbose=False)
        module = two_stage(
            network=TwoStageNetwork(features=4, growth=2, enhancement_blocks=1),
            schedule=partial(warmup_cosine, warmup=2),
        )
        checkpoints = RunCheckpoints(directory=str(folder), every_minutes=minutes)
        running = trainer(
            max_epochs=EPOCHS,
            callbacks=[checkpoints, EMAWeightAveraging(decay=0.9), *([at] if at else [])],
            plugins=[AtomicCheckpointIO()],
            enable_checkpointing=True,
            num_sanity_val_steps=0,
            use_distributed_sampler=False,
            default_root_dir=folder,
        )
        resume = checkpoints.last if checkpoints.last.is_file() else None
        running.fit(module, datamodule=data or make_data(), ckpt_path=resume, weights_only=True)
        return torch.load(checkpoints.last, weights_only=True)

    return train


_whole: dict[str, Any] = {}


@pytest.fixture
def whole(run, tmp_path_factory) -> dict[str, Any]:
    """The end of the run that nothing interrupts."""
    if not _whole:
        _whole.update(run(tmp_path_factory.mktemp("whole")))
    return _whole


def differences(one: Any, other: Any, place: str = "") -> list[str]:
    if isinstance(one, dict):
        names = one.keys() | other.keys()
        return [line for name in names for line in differences(one.get(name), other.get(name), f"{place}.{name}")]
    if isinstance(one, list | tuple):
        pairs = zip(one, other, strict=True)
        return [line for place_, (a, b) in enumerate(pairs) for line in differences(a, b, f"{place}[{place_}]")]
    equal = torch.equal(one, other) if isinstance(one, torch.Tensor) else one == other
    return [] if equal else [place]


LEARNT = ("state_dict", "current_model_state", "averaging_state", "optimizer_states", "lr_schedulers", "random_state")


def assert_same_run(one: dict[str, Any], other: dict[str, Any]) -> None:
    for run in (one, other):
        run["random_state"].pop("python", None)  # the checks of array shapes in tests draw from it
    for part in LEARNT:
        assert differences(one[part], other[part], part) == []
    for fact in ("updates", "epoch", "global_step"):
        assert one[fact] == other[fact]
    (best,) = (state["best"] for state in one["callbacks"].values() if "best" in state)
    (other_best,) = (state["best"] for state in other["callbacks"].values() if "best" in state)
    assert best == other_best


QUICK = [
    ("on_train_batch_start", 3, 0.0),
    ("on_train_batch_end", 3, 99.0),
    ("on_validation_start", 1, 0.0),
    ("on_train_epoch_end", 1, 0.0),
    ("on_train_batch_end", 2 * BATCHES, 0.0),
]
MORE = [
    ("on_train_batch_start", 1, 0.0),
    ("on_train_batch_end", 2, 0.0),
    ("on_train_batch_end", BATCHES, 0.0),
    ("on_validation_batch_end", 1, 99.0),
    ("on_validation_end", 1, 0.0),
    ("on_train_epoch_start", 2, 0.0),
    ("on_train_batch_start", BATCHES + 2, 99.0),
    ("on_validation_epoch_end", 2, 0.0),
    ("on_train_epoch_end", 2, 0.0),
]
MOMENTS = [*QUICK, *(pytest.param(*moment, marks=pytest.mark.slow) for moment in MORE)]


@pytest.mark.parametrize(("hook", "nth", "minutes"), MOMENTS)
def test_a_run_killed_anywhere_ends_as_if_it_had_not_been(
    run, whole, tmp_path, monkeypatch, hook, nth, minutes
) -> None:
    """Weights, averages, optimisers, schedules, generators and the best score, bit for bit."""
    monkeypatch.setattr(RunCheckpoints, "on_exception", lambda *_: None)
    with pytest.raises(KilledError):
        run(tmp_path / "killed", At(hook, nth, kill), minutes=minutes)
    assert_same_run(run(tmp_path / "killed", minutes=minutes), whole)


def test_two_deaths_are_no_worse_than_one(run, whole, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(RunCheckpoints, "on_exception", lambda *_: None)
    for hook in ("on_validation_batch_end", "on_validation_start", "on_train_batch_end"):
        with pytest.raises(KilledError):
            run(tmp_path / "killed", At(hook, 1, kill))
    assert_same_run(run(tmp_path / "killed"), whole)


@pytest.mark.slow
def test_worker_processes_change_nothing_and_need_no_state(run, whole, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(RunCheckpoints, "on_exception", lambda *_: None)
    with pytest.raises(KilledError):
        run(tmp_path / "killed", At("on_train_batch_end", 6, kill), data=make_data(workers=2))
    assert_same_run(run(tmp_path / "killed", data=make_data(workers=2)), whole)


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGUSR1"])
def test_a_signal_ends_the_run_after_its_batch_with_a_checkpoint_of_it(run, tmp_path, capfd, name) -> None:
    number = getattr(signal, name)
    before = signal.getsignal(number)
    with pytest.raises(Stopped) as stopped:
        run(tmp_path, At("on_train_batch_start", 3, partial(os.kill, os.getpid(), number)), minutes=99)
    assert stopped.value.code == 128 + number
    assert torch.load(tmp_path / "last.ckpt", weights_only=True)["updates"] == 3
    assert "finishing this batch, then saving" in capfd.readouterr().err
    assert signal.getsignal(number) == before


def test_a_signal_during_validation_does_not_wait_for_its_end(run, whole, tmp_path) -> None:
    stop = partial(os.kill, os.getpid(), signal.SIGTERM)
    with pytest.raises(Stopped):
        run(tmp_path / "stopped", At("on_validation_batch_start", 1, stop), minutes=99)
    stopped = torch.load(tmp_path / "stopped" / "last.ckpt", weights_only=True)
    assert stopped["updates"] == BATCHES
    assert not (tmp_path / "stopped" / "best.ckpt").exists()
    assert_same_run(run(tmp_path / "stopped", minutes=99), whole)


def test_a_second_ctrl_c_does_not_wait(run, tmp_path) -> None:
    def twice() -> None:
        os.kill(os.getpid(), signal.SIGINT)
        os.kill(os.getpid(), signal.SIGINT)

    # Lightning turns the interrupt into an exit of its own.
    with pytest.raises(SystemExit) as exit_:
        run(tmp_path, At("on_train_batch_start", 3, twice), minutes=99)
    assert not isinstance(exit_.value, Stopped)


@pytest.mark.parametrize("workers", [0, pytest.param(1, marks=pytest.mark.slow)])
def test_what_was_learnt_before_an_unreadable_sample_is_kept(run, whole, tmp_path, workers: int) -> None:
    data = make_data(workers)
    readable = data.source.triple
    seen: list[int] = []

    def triple(scene: Any, rng: Any, window: Any) -> Any:
        seen.append(1)
        if window is not None and len(seen) > 4:
            raise InputError("photo.exr", "1 of 3 bytes")
        return readable(scene, rng, window)

    data.source.triple = triple  # type: ignore[method-assign]
    with refusal_of("photo.exr: 1 of 3 bytes"):  # a worker process gives the line as a whole
        run(tmp_path, minutes=99, data=data)
    saved = torch.load(tmp_path / "last.ckpt", weights_only=True)
    assert saved["updates"] == saved["loops"]["fit_loop"]["epoch_loop.batch_progress"]["current"]["completed"] > 0
    assert_same_run(run(tmp_path, minutes=99), whole)


def test_an_error_inside_an_update_leaves_the_checkpoint_of_before(run, tmp_path) -> None:
    def fail() -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        run(tmp_path, At("on_train_batch_start", 3, fail), minutes=99)
    assert not (tmp_path / "last.ckpt").exists()


def test_the_best_checkpoint_is_that_of_the_best_score(run, tmp_path) -> None:
    last = run(tmp_path)
    best = torch.load(tmp_path / "best.ckpt", weights_only=True)
    (state,) = (state for state in last["callbacks"].values() if "best" in state)
    (then,) = (state for state in best["callbacks"].values() if "best" in state)
    assert state["best"] == then["best"] == then["scores"]["val/mu_psnr"]
    assert state["best"] >= state["scores"]["val/mu_psnr"]


def test_leftovers_of_a_killed_write_are_cleared_away(run, tmp_path) -> None:
    leftover = tmp_path / ".last.tmp-1-0.ckpt"
    leftover.write_bytes(b"half")
    run(tmp_path)
    assert not leftover.exists()


def test_an_unknown_mode_is_refused() -> None:
    with refusal_of("callbacks.checkpoints.mode=highest", "max", "min"):
        RunCheckpoints(directory="x", mode="highest")
