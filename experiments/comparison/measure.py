"""How long one update of each row takes, so that a budget can be planned, or given in minutes."""

import json
import statistics
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import lightning as L
import torch
from hydra import compose, initialize_config_dir
from hydra.utils import instantiate
from torch.utils.data import DataLoader

from experiments.comparison.budget import Budget
from experiments.comparison.row import Row
from experiments.speed.training import batch
from twostage_hdr.cli.hydra_command import config_directory
from twostage_hdr.cli.termination import quiet_lightning

FILE = "seconds_per_update.json"


def measured(rows: Sequence[Row], budget: Budget, file: Path, *, updates: int = 5) -> dict[str, float]:
    """Processor seconds of one update of each row on one thread, by name: what it takes on a core of its own.

    What is in the file already, for crops of the same number and size, is not measured again.

    Args:
        rows: of a table.
        budget: its batch and crop count.
        file: keeps the figures.
        updates: the median of so many, after one that does not count.
    """
    content: dict[str, Any] = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
    known: dict[str, float] = content.setdefault(f"{budget.batch} x {budget.crop} px", {})
    torch.set_num_threads(1)
    quiet_lightning()
    for row in rows:
        if row.name not in known:
            known[row.name] = round(_seconds(row, budget, updates), 3)
            print(f"{row.name}: {known[row.name]:.3f} processor seconds per update", flush=True)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    return {row.name: known[row.name] for row in rows}


def plan_text(seconds: dict[str, float], budgets: dict[str, Budget], *, seeds: int, at_once: int) -> str:
    """What the trainings will take, without validation and scoring."""
    hours = {name: seconds[name] * budgets[name].updates * seeds / 3600 for name in seconds}
    lines = [f"{name:24} {seconds[name]:8.3f} s/update  {hours[name]:7.2f} h" for name in seconds]
    return "\n".join([*lines, f"all: {sum(hours.values()):.2f} core hours, {at_once} at once"])


class _UpdateTimes(L.Callback):
    """Processor seconds of each update."""

    def __init__(self) -> None:
        self.seconds: list[float] = []

    def on_train_batch_start(self, *_: Any) -> None:
        self.started = time.process_time()

    def on_train_batch_end(self, *_: Any) -> None:
        self.seconds.append(time.process_time() - self.started)


def _seconds(row: Row, budget: Budget, updates: int) -> float:
    with initialize_config_dir(version_base="1.3", config_dir=str(config_directory())):
        config = compose("train", overrides=["run_dir=.", "trainer=cpu", *row.settings])
    if "schedule" in config.module:  # it costs nothing, and would need to know the length of the run
        config.module.schedule = None
    times = _UpdateTimes()
    trainer = L.Trainer(
        accelerator="cpu",
        max_epochs=1,
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        callbacks=[instantiate(config.callbacks.winograd), times],
    )
    torch.manual_seed(0)
    crops = batch(budget.batch, budget.crop)
    crops = crops._replace(ldr=crops.ldr.contiguous(memory_format=torch.channels_last))
    batches: Any = [crops] * (updates + 1)
    trainer.fit(instantiate(config.module), DataLoader(batches, batch_size=None))
    return statistics.median(times.seconds[1:])
