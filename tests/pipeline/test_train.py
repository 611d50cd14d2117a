"""Whole runs of the `train` verb, tiny and seeded."""

import csv
import json
import os
import signal
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml
from PIL import Image

from twostage_hdr.data.splits import read_splits
from twostage_hdr.inference.weights import load_weights
from twostage_hdr.training.tone_mapping import ToneMappingModule

Command = Callable[..., int]


def curve(run: Path, name: str) -> list[float]:
    """A logged quantity over all parts of a run."""
    rows: list[dict[str, str]] = []
    for part in sorted(run.glob("metrics/version_*/metrics.csv")):
        with part.open(newline="") as file:
            rows += csv.DictReader(file)
    return [float(row[name]) for row in rows if row.get(name)]


def weights(run: Path) -> torch.Tensor:
    checkpoint = torch.load(run / "checkpoints" / "last.ckpt", weights_only=True)
    return torch.cat([value.flatten().float() for key, value in checkpoint["state_dict"].items() if "network." in key])


@pytest.mark.slow
def test_a_run_learns_and_keeps_all_that_belongs_to_it(
    two_stage: Command, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = tmp_path / "run"
    settings = (
        f"hydra.run.dir={run}",
        "seed=3",
        "identity_start=false",
        "trainer.max_epochs=4",
        "data.patches_per_epoch=40",
        "data.fresh_patches=false",
        "data.flips=false",
        "module.optimizer.lr=3e-3",
    )
    assert two_stage(*settings) == 0

    # It learns: the mean loss of an epoch falls from the first to the last, for both stages.
    for player in ("enhancement", "tone_mapping"):
        losses = curve(run, f"train/{player}/loss")
        assert len(losses) == 40
        assert np.isfinite(losses).all()
        assert np.mean(losses[-10:]) < 0.9 * np.mean(losses[:10])
    assert len(curve(run, "train/discriminator/loss")) == 40
    for score in ("psnr", "mu_psnr", "pu21_psnr", "ssim", "delta_e"):
        assert len(curve(run, f"val/{score}")) == 4

    # What the run's directory holds.
    config = yaml.safe_load((run / "config.yaml").read_text())
    assert config["seed"] == config["data"]["seed"] == config["data"]["source"]["seed"] == 3
    assert config["module"]["network"]["features"] == 8
    splits = read_splits(run / "splits.json")
    assert len({*splits.train, *splits.val, *splits.test}) == 8
    assert not splits.shared
    assert load_weights(run).hyper_parameters["features"] == 8
    for name in ("best", "last"):
        assert torch.load(run / "checkpoints" / f"{name}.ckpt", weights_only=True)["epoch"] in range(5)
    pictures = sorted((run / "pictures").iterdir())
    assert len(pictures) == 4 * len(splits.val)
    assert pictures[0].name.startswith("epoch_001_")
    assert Image.open(pictures[0]).width == 5 * 48
    finished = json.loads((run / "finished.json").read_text())
    assert finished["epochs"] == 4

    told = capsys.readouterr().out
    assert told.splitlines()[-1] == f"Next: twostage-hdr evaluate weights={run}"
    assert "6 training, 1 validation, 1 test scenes" in told

    # The same command again does nothing, and says so.
    before = {file: file.stat().st_mtime_ns for file in run.rglob("*.ckpt")}
    assert two_stage(*settings) == 0
    assert "This run is finished" in capsys.readouterr().out
    assert before == {file: file.stat().st_mtime_ns for file in run.rglob("*.ckpt")}

    # Other settings are refused with the difference.
    assert two_stage(*settings, "data.batch_size=2") == 2
    refused = capsys.readouterr().err
    assert "data.batch_size: 4 -> 2" in refused
    assert f"weights={run}" in refused


@pytest.fixture
def stop_at(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Sends this process a Ctrl-C in the given batch of the run, once."""
    plain = ToneMappingModule.training_step

    def arrange(number: int) -> None:
        count = 0

        def step(module: ToneMappingModule, batch: object, batch_idx: int) -> None:
            nonlocal count
            count += 1
            if count == number:
                os.kill(os.getpid(), signal.SIGINT)
            plain(module, batch, batch_idx)

        monkeypatch.setattr(ToneMappingModule, "training_step", step)

    return arrange


@pytest.mark.slow
@pytest.mark.parametrize(
    ("batch", "where"),  # of two epochs of four batches
    [(2, "1 of 2, batch 3"), (4, "1 of 2, its validation"), (6, "2 of 2, batch 3")],
)
def test_an_interrupted_run_goes_on_and_ends_like_one_that_was_not(
    train: Command,
    tmp_path: Path,
    stop_at: Callable[[int], None],
    batch: int,
    where: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    settings = ("module=tone_mapping", "trainer.max_epochs=2", "data.patches_per_epoch=16")
    assert train(*settings, f"hydra.run.dir={tmp_path / 'whole'}") == 0
    stop_at(batch)
    assert train(*settings, f"hydra.run.dir={tmp_path / 'twice'}") not in (0, 2)
    assert not (tmp_path / "twice" / "finished.json").exists()
    assert (tmp_path / "twice" / "checkpoints" / "last.ckpt").is_file()
    stop_at(0)
    assert train(*settings, f"hydra.run.dir={tmp_path / 'twice'}") == 0
    assert f"Resuming at epoch {where}, from" in capsys.readouterr().out
    assert (tmp_path / "twice" / "finished.json").exists()
    assert torch.equal(weights(tmp_path / "whole"), weights(tmp_path / "twice"))


@pytest.mark.slow
def test_epochs_cut_short_by_a_limit_go_on_with_the_next_epochs_first_batch(train: Command, tmp_path: Path) -> None:
    settings = ("module=tone_mapping", "data.patches_per_epoch=32", "trainer.limit_train_batches=3")
    assert train(*settings, "trainer.max_epochs=2", f"hydra.run.dir={tmp_path / 'whole'}") == 0
    assert train(*settings, "trainer.max_epochs=1", f"hydra.run.dir={tmp_path / 'one'}") == 0
    resumed = f"resume_from={tmp_path / 'one' / 'checkpoints' / 'last.ckpt'}"
    assert train(*settings, "trainer.max_epochs=2", resumed, f"hydra.run.dir={tmp_path / 'two'}") == 0
    assert torch.equal(weights(tmp_path / "whole"), weights(tmp_path / "two"))


@pytest.mark.slow
def test_the_seed_decides_everything(train: Command, tmp_path: Path) -> None:
    settings = ("module=tone_mapping", "trainer.max_epochs=1", "data.patches_per_epoch=8")
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        assert train(*settings, f"seed={seed}", f"hydra.run.dir={tmp_path / name}") == 0
    assert torch.equal(weights(tmp_path / "a"), weights(tmp_path / "b"))
    assert not torch.equal(weights(tmp_path / "a"), weights(tmp_path / "c"))


def test_a_new_run_starts_from_trained_weights(
    two_stage: Command, train: Command, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    short = ("trainer.max_epochs=1", "data.patches_per_epoch=4")
    assert two_stage("module=enhancement", *short, f"hydra.run.dir={tmp_path / 'one'}") == 0
    # Stage II learns on the frozen stage I, which therefore is the same afterwards.
    sequential = ("ablation=sequential", f"weights={tmp_path / 'one'}", f"hydra.run.dir={tmp_path / 'two'}")
    assert two_stage(*short, *sequential) == 0
    assert "Starting from" in capsys.readouterr().out
    stage_one, both = load_weights(tmp_path / "one"), load_weights(tmp_path / "two")
    pairs = zip(stage_one.parameters(), both.enhancement.parameters(), strict=True)
    assert all(torch.equal(a, b) for a, b in pairs)


@pytest.mark.slow
def test_one_command_sweeps_over_modules(train: Command, tmp_path: Path) -> None:
    sweep = tmp_path / "sweep"
    settings = ("trainer.max_epochs=1", "data.patches_per_epoch=4", f"hydra.sweep.dir={sweep}")
    assert train("-m", "module=enhancement,tone_mapping,two_stage", *settings) == 0
    targets = {}
    for number in range(3):
        run = sweep / str(number)
        assert (run / "finished.json").is_file()
        targets[number] = yaml.safe_load((run / "config.yaml").read_text())["module"]["_target_"].rsplit(".", 1)[1]
        load_weights(run)
    assert list(targets.values()) == ["EnhancementModule", "ToneMappingModule", "TwoStageModule"]


@pytest.mark.slow
def test_a_mistake_in_a_sweep_is_one_line_too(
    train: Command, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = train("-m", "data.crop_size=300,400", f"hydra.sweep.dir={tmp_path / 'sweep'}")
    told = capsys.readouterr().err
    assert code == 2
    assert "Traceback" not in told
    assert "data.crop_size=300: larger than data.patch_size=24" in told


@pytest.mark.slow
def test_without_wandb_curves_are_kept_as_csv(
    two_stage: Command, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("twostage_hdr.cli.train.find_spec", lambda name: None)
    run = tmp_path / "run"
    short = ("trainer.max_epochs=1", "data.patches_per_epoch=8", "logger=wandb")
    assert two_stage(*short, f"hydra.run.dir={run}") == 0
    assert "wandb is not installed" in capsys.readouterr().out
    assert curve(run, "val/mu_psnr")
    assert not (run / "wandb").exists()


@pytest.mark.skipif(torch.cuda.is_available(), reason="needs a machine without CUDA")
@pytest.mark.parametrize("trainer", ["gpu", "gpu_graphs"])
def test_a_gpu_that_is_not_there_is_named_with_the_cure(
    command: Command, capsys: pytest.CaptureFixture[str], trainer: str
) -> None:
    assert command("train", "experiment=small", f"trainer={trainer}", "hydra.run.dir=run") == 2
    assert "take trainer=cpu" in " ".join(capsys.readouterr().err.split())
    assert not Path("run").exists()
