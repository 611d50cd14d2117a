"""Scores of each validation image over the epochs."""

import csv
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import lightning as L
from lightning.pytorch.loggers import WandbLogger

from twostage_hdr.boundary.refusal import as_input_error
from twostage_hdr.boundary.structured_text import read_csv
from twostage_hdr.data.triple import Triple
from twostage_hdr.errors import InputError
from twostage_hdr.imaging.atomic import atomic_path
from twostage_hdr.metrics.per_image import PerImageMetric
from twostage_hdr.training.reconstruction_module import ReconstructionModule


class ImageScores(NamedTuple):
    """One image in one validation."""

    epoch: int
    """From 0."""
    scene: str
    scores: dict[str, float]
    """By the metrics' keys, e.g. `mu_psnr`."""


class ValidationScores(L.Callback):
    """Keeps the scores of each image in a csv, shows them as a table in wandb, and keeps the best in its summary.

    The summary's `best/...` are the means of the one epoch that `best.ckpt` is of, so that runs can be sorted by them.

    Args:
        path: the csv; a resumed run replaces the epochs that it repeats.
        monitor: the validation score that decides which epoch is best.
        mode: "max" or "min".
    """

    def __init__(self, *, path: str, monitor: str = "val/mu_psnr", mode: str = "max") -> None:
        if mode not in ("max", "min"):
            raise InputError(f"callbacks.scores.mode={mode}", "choose max or min")
        self.path, self.monitor, self.mode = Path(path), monitor, mode
        self._scenes: list[str] = []

    def on_validation_epoch_start(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        self._scenes = []

    def on_validation_batch_end(
        self, trainer: L.Trainer, pl_module: L.LightningModule, outputs: Any, batch: Triple, *_: Any
    ) -> None:
        self._scenes += list(batch.scene)

    def on_validation_epoch_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        assert isinstance(pl_module, ReconstructionModule)
        if trainer.sanity_checking or not trainer.is_global_zero:
            return
        epoch = trainer.current_epoch
        values: dict[str, list[float]] = {}
        for name, metric in pl_module.val_scores.items():
            assert isinstance(metric, PerImageMetric)
            values[name.removeprefix("val/")] = metric.values
        now = [
            ImageScores(epoch, scene, {name: values[name][place] for name in values})
            for place, scene in enumerate(self._scenes)
        ]
        before = [line for line in self._kept() if line.epoch < epoch]
        write_scores(self.path, before + now)
        step = trainer.fit_loop.epoch_loop._batches_that_stepped
        for logger in trainer.loggers:
            if isinstance(logger, WandbLogger):
                columns = ["epoch", "scene", *values]
                rows = [[line.epoch, line.scene, *line.scores.values()] for line in now]
                logger.log_table("val/per_image", columns=columns, data=rows, step=step)
                logger.experiment.summary.update(summary(self.best()))

    def best(self) -> list[ImageScores]:
        """The images of the best epoch so far; none before the first validation."""
        return best_epoch(self._kept(), self.monitor.removeprefix("val/"), self.mode)

    def _kept(self) -> list[ImageScores]:
        """What the table holds; a damaged one is put aside, since a run is worth more than its table."""
        if not self.path.exists():
            return []
        try:
            return read_scores(self.path)
        except InputError as damaged:
            self.path.replace(self.path.with_suffix(".damaged.csv"))
            print(f"{damaged.subject}: {damaged.seen}; it is put aside, and a new table begins.")
            return []


def best_epoch(lines: Sequence[ImageScores], key: str, mode: str) -> list[ImageScores]:
    """The images of the first epoch whose mean score is best; none if no epoch has one.

    Args:
        lines: of all epochs.
        key: the score that decides.
        mode: "max" or "min".
    """
    epochs: dict[int, list[ImageScores]] = {}
    for line in lines:
        epochs.setdefault(line.epoch, []).append(line)
    sign = 1 if mode == "max" else -1
    means = {epoch: sign * _mean(of_epoch, key) for epoch, of_epoch in sorted(epochs.items())}
    known = {epoch: mean for epoch, mean in means.items() if not math.isnan(mean)}
    return epochs[max(known, key=lambda epoch: known[epoch])] if known else []


def summary(best: Sequence[ImageScores]) -> dict[str, float]:
    """`best/epoch` and the mean of every score over the images of the best epoch."""
    if not best:
        return {}
    return {"best/epoch": float(best[0].epoch)} | {f"best/{key}": _mean(best, key) for key in best[0].scores}


def write_scores(path: Path, lines: Sequence[ImageScores]) -> None:
    """One line per image and epoch: `epoch`, `scene`, then the scores; replaces the file."""
    with atomic_path(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["epoch", "scene", *(lines[0].scores if lines else ())])
        writer.writerows([line.epoch, line.scene, *line.scores.values()] for line in lines)


def read_scores(path: Path) -> list[ImageScores]:
    """Reads what `write_scores` wrote.

    Raises:
        InputError: another file.
    """
    rows = read_csv(path, ("epoch", "scene"), cure="remove it")
    with as_input_error(path, "remove it", "not a run's table of validation scores"):
        return [
            ImageScores(
                int(row["epoch"]),
                row["scene"],
                {key: float(value) for key, value in row.items() if key not in ("epoch", "scene")},
            )
            for row in rows
        ]


def _mean(lines: Sequence[ImageScores], key: str) -> float:
    return sum(line.scores.get(key, math.nan) for line in lines) / len(lines)
