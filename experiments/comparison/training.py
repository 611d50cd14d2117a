"""Trains the rows of a table with `twostage-hdr train`, each in a folder of its own."""

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from experiments.comparison.budget import Budget
from experiments.comparison.row import Training
from experiments.comparison.side_by_side import Job, side_by_side
from twostage_hdr.cli.run_directory import RunDirectory, commit
from twostage_hdr.errors import InputError

COMMITS = "commits.json"
"""In a run's folder: the states of the sources that it was trained with, one for each part of it."""
DIRTY = "-dirty"
"""Ends the name of a state that is not committed."""

FOR_A_TABLE = (
    "logger=csv",
    "report=false",
    "callbacks.progress.refresh_rate=0",
    *(f"callbacks.{name}=null" for name in ("panels", "exposures", "throughput", "weight_norms")),
)
"""Settings of every row: curves as csv, and nothing that costs time and is looked at by nobody."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What all rows share.

    Attributes:
        work: folder of the runs.
        data: settings that choose the data, the same split for all seeds among them.
        budgets: of each row, by its name.
        trainer: one choice of `trainer=` for all rows, since it decides the precision.
        more: further settings of every training.
    """

    work: Path
    data: tuple[str, ...]
    budgets: dict[str, Budget]
    trainer: str = "cpu"
    more: tuple[str, ...] = field(default=())

    def folder(self, training: Training) -> Path:
        """A training's own folder."""
        return self.work / "runs" / training.name

    def command(self, training: Training) -> list[str]:
        """The `twostage-hdr train` of a training; the same command continues where it was stopped."""
        row, seed = training.row, training.seed
        start = [] if training.start is None else [f"weights={self.work / 'runs' / training.start}"]
        shared = [*self.data, *self.budgets[row.name].settings(), *FOR_A_TABLE, f"trainer={self.trainer}"]
        settings = [*shared, *row.settings, *start, *self.more]
        place = f"hydra.run.dir={self.folder(training)}"
        return [sys.executable, "-m", "twostage_hdr", "train", *settings, f"seed={seed}", place]


def train(plan: Plan, trainings: Sequence[Training], *, at_once: int, threads: int) -> dict[str, str]:
    """Trains what is not finished; first those from which others start, then from scratch, then those others.

    Returns:
        Why a training failed, by name; empty when all are finished.
    """
    starts = {one.start for one in trainings}
    ready = sorted(unfinished(plan, trainings), key=lambda one: (one.start is not None, one.name not in starts))
    for training in ready:
        note_commit(plan.folder(training))
    jobs = [Job(one.name, plan.command(one), plan.folder(one) / "train.log", one.start) for one in ready]
    return side_by_side(jobs, at_once=at_once, threads=threads)


def unfinished(plan: Plan, trainings: Sequence[Training]) -> list[Training]:
    """Those that have something left to do."""
    return [training for training in trainings if not RunDirectory(plan.folder(training)).finished]


def refuse_uncommitted() -> None:
    """Results come from sources that anybody can check out again.

    Raises:
        InputError: the checkout has changes.
    """
    if commit().endswith(DIRTY):
        raise InputError(
            f"commit {commit()}", "has changes that are not committed", "commit them, or add --uncommitted"
        )


def note_commit(folder: Path) -> None:
    """Adds the present state of the sources to those that a run was trained with."""
    folder.mkdir(parents=True, exist_ok=True)
    known = commits(folder)
    if commit() not in known[-1:]:
        (folder / COMMITS).write_text(json.dumps([*known, commit()]) + "\n", encoding="utf-8")


def commits(folder: Path) -> list[str]:
    """The states of the sources that a run was trained with, first to last."""
    path = folder / COMMITS
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else []
