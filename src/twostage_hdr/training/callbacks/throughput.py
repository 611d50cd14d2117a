"""What is shown of a running training: progress bar, speed, time left, weight norms."""

import statistics
import time
from typing import Any

import lightning as L
from lightning.pytorch.callbacks import RichProgressBar
from torch import nn

from twostage_hdr.data.triple import Triple
from twostage_hdr.training.reconstruction_module import ReconstructionModule

SMOOTHING = 0.9
"""Weight of the past in the running means; dimensionless."""

UNCOUNTED = 2
"""First batches that are not representative: kernels are chosen, memory is allocated, loaders start."""

TYPICAL = 5
"""Batches from whose median the remaining time is estimated."""


class Throughput(L.Callback):
    """Logs images per second over all processes, and the seconds per batch that training waited for its data."""

    def __init__(self) -> None:
        self.seconds: float | None = None
        self.waiting = 0.0
        self._batches = 0
        self._first: list[float] = []
        self._ended: float | None = None
        self._started = 0.0

    def on_train_epoch_start(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        self._ended = None  # a validation lies between

    def on_train_batch_start(self, *_: Any) -> None:
        self._started = time.perf_counter()
        if self._ended is not None:
            self.waiting = self._mean(self.waiting, self._started - self._ended)

    def on_train_batch_end(
        self, trainer: L.Trainer, pl_module: L.LightningModule, outputs: Any, batch: Triple, batch_idx: int
    ) -> None:
        now = time.perf_counter()
        self._batches += 1
        if self._batches > UNCOUNTED:
            spent = now - (self._started if self._ended is None else self._ended)
            self.seconds = spent if self.seconds is None else self._mean(self.seconds, spent)
            images = len(batch.ldr) * trainer.world_size
            pl_module.log("speed/images_per_second", images / self.seconds, prog_bar=True)
            pl_module.log("speed/seconds_waiting_for_data", self.waiting)
            if len(self._first) < TYPICAL:
                self._first.append(spent)
                left = batches_left(batch_idx, trainer.num_training_batches, trainer.current_epoch, trainer.max_epochs)
                if len(self._first) == TYPICAL and left is not None and trainer.is_global_zero:
                    typical = statistics.median(self._first)
                    said = f"About {duration(left * typical)} of training left"
                    print(f"{said} at {typical:.2g} s a batch, plus validation.")
        self._ended = now

    def _mean(self, before: float, now: float) -> float:
        return SMOOTHING * before + (1 - SMOOTHING) * now


def batches_left(batch_idx: int, batches: int | float, epoch: int, epochs: int | None) -> float | None:
    """Batches left in the run; None if it has no known end.

    Args:
        batch_idx: of the last finished batch in its epoch.
        batches: of an epoch.
        epoch: that is running, from 0.
        epochs: of the run; None or -1: no end.
    """
    return None if epochs is None or epochs < 0 else (epochs - epoch) * batches - batch_idx - 1


def duration(seconds: float) -> str:
    """ "3 h 20 min", "12 min", "40 s"."""
    minutes = round(seconds / 60)
    if minutes >= 60:
        return f"{minutes // 60} h {minutes % 60} min"
    return f"{minutes} min" if seconds >= 90 else f"{round(seconds)} s"


class WeightNorms(L.Callback):
    """Logs the Euclidean norm of each optimised part's trainable weights at the end of every epoch."""

    def on_train_epoch_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        assert isinstance(pl_module, ReconstructionModule)
        for part in pl_module.optimized_parts():
            norm = nn.utils.get_total_norm([parameter.detach() for parameter in part.parameters()])
            pl_module.log(f"train/{part.name}/weight_norm", norm, sync_dist=False, rank_zero_only=True)


NAMES = {
    "train/enhancement/loss": "stage I",
    "train/tone_mapping/loss": "stage II",
    "train/network/loss": "loss",
    "train/discriminator/loss": "discrim.",
    "speed/images_per_second": "images/s",
}
"""Logged names and what the progress bar calls them."""


class Progress(RichProgressBar):
    """Epoch, batches, time left, the losses of all parts and images per second.

    Args:
        refresh_rate: updates of the display per second at most; 0 shows nothing.
    """

    def __init__(self, *, refresh_rate: int = 4) -> None:
        super().__init__(refresh_rate=refresh_rate, leave=True)
        self._figures: dict[str, int | str | float | dict[str, float]] = {}

    def get_metrics(
        self, trainer: L.Trainer, pl_module: L.LightningModule
    ) -> dict[str, int | str | float | dict[str, float]]:
        # As often as the log is written: to read them the host waits for a GPU.
        if not self._figures or trainer.fit_loop.epoch_loop.batch_idx % trainer.log_every_n_steps == 0:  # type: ignore[attr-defined]
            known = super().get_metrics(trainer, pl_module)
            self._figures = {short: known[name] for name, short in NAMES.items() if name in known}
        return self._figures

    def _get_train_description(self, current_epoch: int) -> str:
        """Epochs as people count them, "Epoch 1/2" to "Epoch 2/2", where Lightning says 0/1 and 1/1."""
        epochs = self.trainer.max_epochs
        known = f"/{epochs}" if epochs is not None and epochs > 0 else ""
        return f"Epoch {current_epoch + 1}{known}".ljust(len(self.validation_description))
