"""A run's place on disk: its config, whether it resumes, whether it is finished."""

import json
import math
import os
import re
import shutil
import subprocess
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf

import twostage_hdr
from twostage_hdr.boundary.refusal import as_input_error
from twostage_hdr.boundary.regular_file import read_text
from twostage_hdr.boundary.structured_text import read_json, read_yaml_text
from twostage_hdr.cli.targets import TRUST, rename_moved
from twostage_hdr.data.resumable_folder import changed_settings, exclusive_lock
from twostage_hdr.errors import InputError
from twostage_hdr.evaluation.report.curves import read_curves
from twostage_hdr.imaging.atomic import write_text

CONFIG = "config.yaml"
SPLITS = "splits.json"
FINISHED = "finished.json"
LOCK = ".lock"
WANDB_ID = "wandb_id.txt"

BOOKKEEPING_FILES = frozenset({CONFIG, SPLITS, LOCK, WANDB_ID, ".hydra", "wandb"})
"""What a command writes before it has done anything: without more, nothing is lost with it."""

OF_ONE_COMMAND = (TRUST, "report")
"""Settings that change nothing of a run, so that it may be resumed with others."""

COMMIT = "TWOSTAGE_HDR_COMMIT"
"""Environment variable: the commit that a copy of the sources was made of, for a machine without the repository."""

DEFAULT_PARENTS = ("outputs", "train", "evaluate", "inspect")
"""Folders that commands without `hydra.run.dir` make for their own."""


class RunDirectory:
    """`config.yaml`, `splits.json`, `checkpoints/`, `pictures/`, `metrics/`; at the end `report.html`, `finished.json`.

    The config is kept with the run's own path written as `${run_dir}`, so a run can be moved and still resume.

    Args:
        path: the folder.

    Attributes:
        splits: the file of the split that was used.
        scores: of every image in every validation, as the callback `scores` writes them.
    """

    def __init__(self, path: Path) -> None:
        self.path, self.splits, self.scores = path, path / SPLITS, path / "validation_scores.csv"

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Keeps a second command out of the folder; ends with the process, however that ends.

        Raises:
            InputError: a training is running in the folder.
        """
        self.path.mkdir(parents=True, exist_ok=True)
        running = InputError(self.path, "a training is running in it", "wait for its end or give another hydra.run.dir")
        with exclusive_lock(self.path / LOCK, running):
            yield

    def abandon(self) -> None:
        """Takes away a folder in which nothing was done and no training runs; the current one is never touched."""
        own = self.path.is_dir() and self.path.resolve() != Path.cwd()
        if not own or {entry.name for entry in self.path.iterdir()} - BOOKKEEPING_FILES:
            return
        with suppress(InputError, OSError), self.lock():
            shutil.rmtree(self.path, ignore_errors=True)
            for folder in (parent for parent in self.path.parents[:2] if parent.name in DEFAULT_PARENTS):
                if folder.resolve() != Path.cwd() and not any(folder.iterdir()):
                    folder.rmdir()

    @property
    def finished(self) -> bool:
        """Whether the run came to its end."""
        return (self.path / FINISHED).is_file()

    @property
    def score(self) -> float | None:
        """The best validation score of a finished run."""
        try:
            best = read_json(self.path / FINISHED, cure="train it again").get("best") if self.finished else None
        except InputError:  # damaged: the run is finished all the same
            return None
        return float(best) if isinstance(best, int | float) and math.isfinite(best) else None

    @property
    def last_checkpoint(self) -> Path | None:
        """The newest of its checkpoints; None at its beginning."""
        from twostage_hdr.training.callbacks.checkpoint_file import resume_points  # PyTorch: help does not wait for it

        return next((path for path in resume_points(self.path / "checkpoints") if path.is_file()), None)

    def config(self) -> DictConfig:
        """The config that the run was started with.

        Raises:
            InputError: no run in this folder, or settings that no run has written.
        """
        path = self.path / CONFIG
        if not os.path.lexists(path):
            raise InputError(self.path, f"no {CONFIG} in it, so it is not a run's directory", "give a run's own")
        cure = "take it from the run's source again"
        text = read_yaml_text(path, cure=cure).replace("${run_dir}", str(self.path))
        if "${" in text:  # it was written resolved: another one could name what is checked only afterwards
            raise InputError(path, "holds an interpolation ${...}, which no run writes", cure)
        with as_input_error(path, cure, "no run's settings"):
            config = OmegaConf.create(text)
            if not isinstance(config, DictConfig):
                raise ValueError("no names with values")
            rename_moved(config)
        return config

    def claim(self, config: DictConfig) -> None:
        """Writes the config of a new run, or checks that a continued one has the same.

        A run without a checkpoint has nothing to resume from: it begins anew, with the settings as they are now.

        Raises:
            InputError: the folder holds a run with another config; names the settings that differ.
        """
        resolved: Any = OmegaConf.to_container(config, resolve=True)
        for name in OF_ONE_COMMAND:
            resolved.pop(name, None)
        path = self.path / CONFIG
        before: Any = None
        if self.last_checkpoint or self.finished:
            try:
                before = OmegaConf.to_container(self.config(), resolve=True)
            except InputError as damaged:  # a run is worth more than its list of settings
                print(f"{damaged.subject}: {damaged.seen}; written again from the settings of this command.")
        if before is not None:
            changed = sorted(changed_settings(before, resolved))
            if changed:
                raise InputError(
                    self.path,
                    f"holds a run with other settings ({'; '.join(changed)})",
                    f"give the same settings to resume it, or another hydra.run.dir (with weights={self.path} the new "
                    "run starts from its weights)",
                )
            return
        self.path.mkdir(parents=True, exist_ok=True)
        # Only the folder itself: a sibling's name may begin with the same letters.
        own = re.compile(re.escape(str(self.path)) + r"(?![\w.-])")
        text = own.sub("${run_dir}", OmegaConf.to_yaml(OmegaConf.create(resolved)))
        write_text(path, text)

    def curves(self) -> dict[str, list[tuple[float, float]]]:
        """What was logged, over all parts of the run; where it went back to a checkpoint, the later part counts."""
        curves: dict[str, dict[float, float]] = {}
        parts = [path for path in self.path.glob("metrics/version_*/metrics.csv") if path.parent.name[8:].isdecimal()]
        for part in sorted(parts, key=lambda path: int(path.parent.name[8:])):
            try:
                read = read_curves(part)
            except InputError:
                continue  # damaged, or killed before its first line: the others are drawn
            for name, points in read.items():
                known = curves.setdefault(name, {})
                start = min((step for step, _ in points), default=0.0)
                curves[name] = {step: value for step, value in known.items() if step < start} | dict(points)
        return {name: sorted(points.items()) for name, points in curves.items()}

    def wandb_id(self) -> str:
        """The run's id for Weights & Biases, the same each time the run resumes."""
        path = self.path / WANDB_ID
        with suppress(InputError):  # not there, or damaged
            known = read_text(path, at_most=64).strip()
            if re.fullmatch(r"[0-9a-f]{8}", known):
                return known
        new = uuid.uuid4().hex[:8]
        write_text(path, f"{new}\n")
        return new

    def finish(self, facts: dict[str, Any]) -> None:
        """Marks the end of the run, keeps its last figures, and removes the checkpoint before the last."""
        from twostage_hdr.training.callbacks.checkpoint_file import PREVIOUS

        write_text(self.path / FINISHED, json.dumps(facts, indent=1) + "\n")
        (self.path / "checkpoints" / PREVIOUS).unlink(missing_ok=True)


def commit() -> str:
    """The checkout's commit, `-dirty` with changes; of a copy without git what `COMMIT` says, or "unknown"."""
    folder = Path(twostage_hdr.__file__).parent
    command = ["git", "-C", str(folder), "describe", "--always", "--dirty", "--exclude=*"]
    given = os.environ.get(COMMIT) or "unknown"
    try:
        described = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError:
        return given
    return described.stdout.strip() or given
