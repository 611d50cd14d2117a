"""A run's place on disk: its config, whether it goes on, whether it is finished."""

import json
import re
import shutil
import subprocess
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf

import twostage_hdr
from twostage_hdr.data.resumable_folder import changed_settings, exclusive_lock
from twostage_hdr.errors import InputError
from twostage_hdr.evaluation.report.curves import read_curves
from twostage_hdr.imaging.atomic import atomic_path

CONFIG = "config.yaml"

SPLITS = "splits.json"

SCORES = "validation_scores.csv"

REPORT = "report.html"

FINISHED = "finished.json"

LOCK = ".lock"

WANDB_ID = "wandb_id.txt"

HYDRA = ".hydra"

BEFORE_THE_WORK = frozenset({CONFIG, SPLITS, LOCK, WANDB_ID, HYDRA, "wandb"})

"""What a command writes before it has done anything: without more, nothing is lost with it."""

DEFAULT_PARENTS = ("outputs", "train", "evaluate", "inspect")

"""Folders that commands without `hydra.run.dir` make for their own."""


class RunDirectory:
    """`config.yaml`, `splits.json`, `checkpoints/`, `pictures/`, `metrics/`; at the end `report.html`, `finished.json`.

    The config is kept with the run's own path written as `${run_dir}`, so a run can be moved and still go on.

    Args:
        path: the folder.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

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
        """Takes away a folder in which nothing was done, as after settings that were refused; else does nothing."""
        if not self.path.is_dir() or {entry.name for entry in self.path.iterdir()} - BEFORE_THE_WORK:
            return
        for entry in list(self.path.iterdir()):
            if entry.is_dir():
                shutil.rmtree(entry, ignore_errors=True)
            else:
                entry.unlink(missing_ok=True)
        for folder in (self.path, *(parent for parent in self.path.parents[:2] if parent.name in DEFAULT_PARENTS)):
            if folder.resolve() != Path.cwd() and not any(folder.iterdir()):
                folder.rmdir()

    @property
    def finished(self) -> bool:
        """Whether the run came to its end."""
        return (self.path / FINISHED).is_file()

    @property
    def score(self) -> float | None:
        """The best validation score of a finished run."""
        facts = json.loads((self.path / FINISHED).read_text(encoding="utf-8")) if self.finished else {}
        return facts.get("best")

    @property
    def last_checkpoint(self) -> Path | None:
        """Where the run goes on from; None at its beginning."""
        path = self.path / "checkpoints" / "last.ckpt"
        return path if path.is_file() else None

    @property
    def splits(self) -> Path:
        """The split that was used."""
        return self.path / SPLITS

    @property
    def scores(self) -> Path:
        """The scores of every image in every validation, as the callback `scores` writes them."""
        return self.path / SCORES

    @property
    def report(self) -> Path:
        """The page that shows curves, scores and pictures."""
        return self.path / REPORT

    def config(self) -> DictConfig:
        """The config that the run was started with.

        Raises:
            InputError: no run in this folder.
        """
        path = self.path / CONFIG
        if not path.is_file():
            raise InputError(self.path, f"no {CONFIG} in it, so it is not a run's directory")
        text = path.read_text(encoding="utf-8").replace("${run_dir}", str(self.path))
        config = OmegaConf.create(text)
        assert isinstance(config, DictConfig)
        return config

    def claim(self, config: DictConfig) -> None:
        """Writes the config of a new run, or checks that a continued one has the same.

        A run without a checkpoint has nothing to go on from: it begins anew, with the settings as they are now.

        Raises:
            InputError: the folder holds a run with another config; names the settings that differ.
        """
        resolved = OmegaConf.to_container(config, resolve=True)
        path = self.path / CONFIG
        if path.is_file() and (self.last_checkpoint or self.finished):
            before = OmegaConf.to_container(self.config(), resolve=True)
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
        with atomic_path(path) as temporary:
            temporary.write_text(text, encoding="utf-8")

    def curves(self) -> dict[str, list[tuple[float, float]]]:
        """What was logged, over all parts of the run; where it went back to a checkpoint, the later part counts."""
        curves: dict[str, dict[float, float]] = {}
        parts = self.path.glob("metrics/version_*/metrics.csv")
        for part in sorted(parts, key=lambda path: int(path.parent.name.split("_")[1])):
            if part.stat().st_size == 0:
                continue  # killed before its first line
            for name, points in read_curves(part).items():
                known = curves.setdefault(name, {})
                start = min((step for step, _ in points), default=0.0)
                curves[name] = {step: value for step, value in known.items() if step < start} | dict(points)
        return {name: sorted(points.items()) for name, points in curves.items()}

    def wandb_id(self) -> str:
        """The run's id for Weights & Biases, the same each time the run goes on."""
        path = self.path / WANDB_ID
        if not path.is_file():
            with atomic_path(path) as temporary:
                temporary.write_text(uuid.uuid4().hex[:8] + "\n", encoding="utf-8")
        return path.read_text(encoding="utf-8").strip()

    def finish(self, facts: dict[str, Any]) -> None:
        """Marks the end of the run and keeps its last figures."""
        with atomic_path(self.path / FINISHED) as temporary:
            temporary.write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")


def commit() -> str:
    """The checkout's commit, `-dirty` with changes; "unknown" in an installed package or without git."""
    folder = Path(twostage_hdr.__file__).parent
    command = ["git", "-C", str(folder), "describe", "--always", "--dirty", "--exclude=*"]
    try:
        told = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError:
        return "unknown"
    return told.stdout.strip() or "unknown"
