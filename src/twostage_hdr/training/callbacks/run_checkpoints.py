"""Saves a run periodically and on signals, only between optimizer steps, atomically."""

import shutil
import time
from pathlib import Path
from typing import Any

import lightning as L
from lightning.pytorch.callbacks import Checkpoint
from lightning.pytorch.loggers import WandbLogger

from twostage_hdr.boundary.refusal import as_input_error
from twostage_hdr.errors import InputError
from twostage_hdr.imaging.atomic import atomic_path
from twostage_hdr.training.callbacks.checkpoint_file import (
    BEST,
    LAST,
    PREVIOUS,
    check_readable,
    random_state,
    restore_random_state,
)
from twostage_hdr.training.callbacks.stop_signals import Stopped, StopSignals


class RunCheckpoints(Checkpoint):
    """`last.ckpt`, the `previous.ckpt` before it and `best.ckpt`, each with all that a run needs to resume from it.

    `last.ckpt` is written between batches every few minutes, before and after every validation, when a signal asks
    the run to stop, and when data cannot be read. In the middle of an update nothing is saved: the previous file stays.
    A run that resumes before a validation repeats it.

    Args:
        directory: where the two files lie.
        monitor: the validation score that decides which is best.
        mode: "max" or "min".
        every_minutes: time between checkpoints within an epoch.
    """

    def __init__(
        self, *, directory: str, monitor: str = "val/mu_psnr", mode: str = "max", every_minutes: float = 10.0
    ) -> None:
        if mode not in ("max", "min"):
            raise InputError(f"callbacks.checkpoints.mode={mode}", "choose max or min")
        self.directory, self.monitor, self.mode = Path(directory), monitor, mode
        self.every_minutes = every_minutes
        self.best: float | None = None
        self.scores: dict[str, float] = {}
        self.signals = StopSignals()
        self.begun = False  # the training, after whatever was restored
        self._between_batches = False
        self._validated = False
        self._before_validation = False
        self._random_state: dict[str, Any] | None = None

    @property
    def last(self) -> Path:
        """The file that a run resumes from."""
        return self.directory / LAST

    # When.

    def setup(self, trainer: L.Trainer, pl_module: L.LightningModule, stage: str) -> None:
        if trainer.is_global_zero and self.directory.is_dir():
            for leftover in self.directory.glob(".*.tmp-*"):
                leftover.unlink(missing_ok=True)  # half-written by a killed run

    def on_train_start(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        check_readable(trainer._checkpoint_connector.dump_checkpoint(weights_only=False))
        self.begun = True
        self.signals.install()  # after Lightning has set its own handlers
        self._saved_at = time.monotonic()
        self._between_batches = True

    def on_train_batch_start(self, *_: Any) -> None:
        self._between_batches = False
        if self._random_state is not None:  # the first batch of a resumed run
            with as_input_error(self.last, "take it from its source again", "not the random state of a run"):
                restore_random_state(self._random_state)
            self._random_state = None

    def on_train_batch_end(self, trainer: L.Trainer, *_: Any) -> None:
        loop = trainer.fit_loop.epoch_loop
        self._before_validation = loop._should_check_val_fx(trainer.fit_loop._data_fetcher)  # type: ignore[arg-type]
        if loop.batch_progress.is_last_batch and not self._before_validation:
            return  # the epoch's end follows at once
        stop = _any_process(trainer, self.signals.received is not None)
        late = time.monotonic() - self._saved_at > 60 * self.every_minutes
        due = _any_process(trainer, trainer.is_global_zero and late)
        if stop or due or self._before_validation:
            self.save(trainer)
        self._before_validation = False
        self._between_batches = True
        if stop:
            self.signals.obey(leader=trainer.is_global_zero)

    def on_validation_start(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        self._between_batches = False  # the weights may be swapped for their average: nothing is saved

    def on_validation_batch_end(self, trainer: L.Trainer, *_: Any) -> None:
        if trainer.training or trainer.sanity_checking:
            return
        # Without saving: the state before the validation is on disk.
        if _any_process(trainer, self.signals.received is not None):
            self.signals.obey(leader=trainer.is_global_zero)

    def on_validation_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        if not trainer.sanity_checking:
            self._validated = True
            metrics = trainer.callback_metrics.items()
            self.scores = {name: float(value) for name, value in metrics if name.startswith("val/")}

    def on_train_epoch_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        score, sign = self.scores.get(self.monitor), 1 if self.mode == "max" else -1
        better = self._validated and score is not None and (self.best is None or sign * score > sign * self.best)
        if better:
            self.best = score
        self._validated = False
        self.save(trainer, best=better)
        self._between_batches = True
        if _any_process(trainer, self.signals.received is not None):
            self.signals.obey(leader=trainer.is_global_zero)

    def on_exception(self, trainer: L.Trainer, pl_module: L.LightningModule, exception: BaseException) -> None:
        # An unreadable sample, for example. After an error inside an update the state is not consistent.
        if self._between_batches and not isinstance(exception, Stopped) and trainer.world_size == 1:
            try:
                self.save(trainer)
            except InputError as full:  # the exception itself matters more
                print(full)
        self.signals.uninstall()

    def teardown(self, trainer: L.Trainer, pl_module: L.LightningModule, stage: str) -> None:
        self.signals.uninstall()

    def save(self, trainer: L.Trainer, *, best: bool = False) -> None:
        """Writes `last.ckpt`, and as `best.ckpt` the same file; the one before stays as `previous.ckpt`."""
        if trainer.is_global_zero and self.last.is_file():
            _link_or_copy(self.last, self.directory / PREVIOUS)
        trainer.save_checkpoint(self.directory / BEST if best else self.last, weights_only=False)
        if best and trainer.is_global_zero:
            _link_or_copy(self.directory / BEST, self.last)
        self._saved_at = time.monotonic()

    # What.

    def state_dict(self) -> dict[str, Any]:
        return {"best": self.best, "scores": self.scores}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self.best, self.scores = state_dict["best"], state_dict["scores"]

    def on_save_checkpoint(self, trainer: L.Trainer, pl_module: L.LightningModule, checkpoint: dict[str, Any]) -> None:
        checkpoint["random_state"] = random_state()
        checkpoint["wandb_ids"] = [str(logger.version) for logger in _wandb_loggers(trainer)]
        if trainer.is_global_zero:
            checkpoint["wandb_steps"] = [logger.experiment.step for logger in _wandb_loggers(trainer)]
        if self._before_validation:
            _ask_for_validation(checkpoint["loops"]["fit_loop"])

    def on_load_checkpoint(self, trainer: L.Trainer, pl_module: L.LightningModule, checkpoint: dict[str, Any]) -> None:
        self._random_state = checkpoint.get("random_state")  # for the first batch: starting loaders draw from them
        # Offline, wandb would number the lines of its history from 0 again.
        if trainer.is_global_zero:
            for logger, step in zip(_wandb_loggers(trainer), checkpoint.get("wandb_steps", ()), strict=False):
                logger.experiment.log({}, step=max(step, logger.experiment.step))


def _link_or_copy(source: Path, target: Path) -> None:
    """The same file under another name, which it replaces."""
    with atomic_path(target) as temporary:
        try:
            temporary.hardlink_to(source)
        except OSError:  # a file system without links
            shutil.copyfile(source, temporary)


def _wandb_loggers(trainer: L.Trainer) -> list[WandbLogger]:
    return [logger for logger in trainer.loggers if isinstance(logger, WandbLogger)]


def _ask_for_validation(loops: dict[str, Any]) -> None:
    """Rewrites Lightning's counters: from "the batch is done" to "the batch is done and its validation has begun".

    Lightning would otherwise take an epoch whose last batch is done for an epoch that is done.
    """
    for counts in (loops["epoch_loop.batch_progress"][kind] for kind in ("total", "current")):
        counts["completed"] = counts["processed"]
    for kind in ("total", "current"):
        counts = loops["epoch_loop.val_loop.batch_progress"][kind]
        done = counts["completed"] if kind == "total" else 0
        counts.update(ready=done + 1, started=done + 1, processed=done, completed=done)


def _any_process(trainer: L.Trainer, answer: bool) -> bool:
    """Whether any process answers yes, so that all act after the same batch."""
    return trainer.strategy.reduce_boolean_decision(answer, all=False) if trainer.world_size > 1 else answer
