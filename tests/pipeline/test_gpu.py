"""Whole runs on a GPU: training in bfloat16, going on from a checkpoint, one process of DDP, evaluation."""

import csv
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.pipeline.conftest import TINY_DATA, TINY_DISCRIMINATOR, TINY_NETWORK, Command
from tests.pipeline.test_train import curve

pytestmark = [pytest.mark.gpu, pytest.mark.skipif(not torch.cuda.is_available(), reason="needs CUDA")]


@pytest.fixture
def train(command: Command) -> Command:
    tiny = (*TINY_DATA, *TINY_NETWORK, *TINY_DISCRIMINATOR)
    settings = ("experiment=small", "trainer=gpu", "trainer.log_every_n_steps=1", "logger=csv", "trainer.max_epochs=1")
    return lambda *overrides: command("train", *settings, *tiny, *overrides)


def weights(run: Path) -> dict[str, torch.Tensor]:
    return torch.load(run / "checkpoints" / "last.ckpt", map_location="cpu", weights_only=True)["state_dict"]


@pytest.mark.parametrize("workers", [0, 2])
def test_a_run_trains_and_is_evaluated(train: Command, command: Command, workers: int) -> None:
    assert train("hydra.run.dir=run", f"data.workers={workers}") == 0
    assert min(curve(Path("run"), "train/tone_mapping/loss")) > 0
    assert command("evaluate", "weights=run", "hydra.run.dir=evaluation") == 0
    with Path("evaluation/summary.csv").open(newline="") as file:
        scores = [float(row["mu_psnr_mean"]) for row in csv.DictReader(file)]
    assert np.isfinite(scores).all()


def test_a_resumed_run_ends_where_an_uninterrupted_one_does(train: Command) -> None:
    # A rate that does not depend on the length of the run.
    settings = ("module.schedule.floor=1.0", "data.patches_per_epoch=64", "+trainer.deterministic=warn")
    assert train("hydra.run.dir=whole", "trainer.max_epochs=2", *settings) == 0
    assert train("hydra.run.dir=half", "trainer.max_epochs=1", *settings) == 0
    checkpoint = Path("half/checkpoints/last.ckpt").resolve()
    assert train("hydra.run.dir=rest", "trainer.max_epochs=2", f"resume_from={checkpoint}", *settings) == 0
    torch.testing.assert_close(weights(Path("rest")), weights(Path("whole")), rtol=1e-2, atol=1e-3)


def test_ddp_runs_on_one_gpu(train: Command) -> None:
    assert train("hydra.run.dir=ddp", "trainer=ddp", "trainer.devices=1") == 0
    assert all(value.isfinite().all() for value in weights(Path("ddp")).values())


@pytest.mark.usefixtures("untyped")
def test_compiled_networks_train(train: Command) -> None:
    assert train("hydra.run.dir=compiled", "trainer=gpu_compiled") == 0
    assert all(value.isfinite().all() for value in weights(Path("compiled")).values())


def test_replayed_steps_train(train: Command) -> None:
    settings = ("trainer=gpu_graphs", "callbacks=ema", "data.patches_per_epoch=64", "trainer.max_epochs=2")
    assert train("hydra.run.dir=graphs", *settings) == 0
    assert all(value.isfinite().all() for value in weights(Path("graphs")).values())
