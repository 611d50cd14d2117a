"""What stays of a training when its folder is gone: one small file each, so that a table can grow over weeks."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from experiments.comparison.budget import Budget
from experiments.comparison.config_hash import config_hash
from experiments.comparison.row import Row, Training
from experiments.comparison.training import Plan, commits
from twostage_hdr.boundary.structured_text import read_json
from twostage_hdr.cli.run_directory import FINISHED, RunDirectory
from twostage_hdr.errors import InputError
from twostage_hdr.evaluation.method_row import MethodRow
from twostage_hdr.imaging.atomic import write_text

CURVES = ("val/mu_psnr", "val/pu21_psnr")
"""Validation scores that are kept of each validation."""
COSTS = ("seconds_per_megapixel", "peak_mebibytes", "parameters", "multiply_adds_per_pixel")


@dataclass(frozen=True, kw_only=True)
class Record:
    """A training and its scores.

    Attributes:
        row: name of the row.
        seed: of initial weights and crops.
        updates: its budget; with batch, crop_px and validations.
        trainer: choice of `trainer=`, which decides the precision.
        device: that trained it, a card by its name; empty if it is not known.
        settings: that set the row apart, and those that the command added.
        config_sha256: of all settings, see `config_hash`.
        commits: of the sources, those that trained it first, that which scored it last.
        stopped: why it has no scores, if its run ended itself.
        curves: validation score -> [update, value] of each validation.
        places: scene -> place.
        images: scene -> key -> score.
        costs: as in a `MethodRow`.
    """

    row: str
    seed: int
    updates: int
    batch: int
    crop_px: int
    validations: int
    trainer: str = "cpu"
    device: str = ""
    settings: list[str] = field(default_factory=list)
    config_sha256: str = ""
    commits: list[str] = field(default_factory=list)
    stopped: str = ""
    curves: dict[str, list[list[float]]] = field(default_factory=dict)
    places: dict[str, str] = field(default_factory=dict)
    images: dict[str, dict[str, float | None]] = field(default_factory=dict)
    costs: dict[str, float | None] = field(default_factory=dict)

    def method_row(self, row: Row) -> MethodRow:
        """The scores as a row of a table."""
        per_image = {
            scene: {key: math.nan if value is None else value for key, value in scores.items()}
            for scene, scores in self.images.items()
        }
        costs: dict[str, Any] = self.costs
        title, note = row.title, row.note
        return MethodRow(name=row.name, title=title, note=note, per_image=per_image, places=self.places, **costs)


def path_of(results: Path, training: Training) -> Path:
    """Where a training's record lies."""
    return results / "trainings" / f"{training.row.name}_seed{training.seed}.json"


def make_record(plan: Plan, training: Training, scored: MethodRow | None, commit: str, stopped: str = "") -> Record:
    """Of a finished training and its row of an evaluation, or of one that ended itself."""
    folder, budget = plan.folder(training), plan.budgets[training.row.name]
    numbers: Mapping[str, Mapping[str, float]] = scored.per_image if scored else {}
    return Record(
        row=training.row.name,
        seed=training.seed,
        updates=budget.updates,
        batch=budget.batch,
        crop_px=budget.crop,
        validations=budget.validations,
        trainer=plan.trainer,
        device=_device(folder),
        settings=[*training.row.settings, *plan.more],
        config_sha256=config_hash(folder),
        commits=list(dict.fromkeys([*commits(folder), commit])),
        stopped=stopped,
        curves=_curves(folder, budget),
        places=dict(scored.places) if scored else {},
        images={
            scene: {key: None if math.isnan(value) else value for key, value in scores.items()}
            for scene, scores in numbers.items()
        },
        costs={name: getattr(scored, name) for name in COSTS} if scored else {},
    )


def _device(folder: Path) -> str:
    run = RunDirectory(folder)
    return str(read_json(folder / FINISHED, cure="train it again").get("device", "")) if run.finished else ""


def _curves(folder: Path, budget: Budget) -> dict[str, list[list[float]]]:
    """Every validation's scores against updates: Lightning's own steps count every optimizer's."""
    logged = RunDirectory(folder).curves()
    between = budget.updates // budget.validations
    return {
        name: [[float(between * (place + 1)), value] for place, (_, value) in enumerate(logged[name])]
        for name in CURVES
        if name in logged
    }


def write_record(path: Path, record: Record) -> None:
    """As JSON."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_text(path, json.dumps(asdict(record), ensure_ascii=False, indent=1) + "\n")


def read_records(results: Path) -> list[Record]:
    """All that there are, by row and seed.

    Raises:
        InputError: a file that is no record.
    """
    records = []
    for path in sorted((results / "trainings").glob("*.json")):
        try:
            records.append(Record(**json.loads(path.read_text(encoding="utf-8"))))
        except (OSError, ValueError, TypeError) as error:
            raise InputError(path, f"no record of a training ({error})", "delete it; it is then made again") from error
    return sorted(records, key=lambda record: (record.row, record.seed))


def refuse_other_budgets(results: Path, records: Sequence[Record], plan: Plan, missing: Sequence[Training]) -> None:
    """A table has one budget, and a seed, within which rows are compared, one trainer.

    Args:
        results: folder of the records.
        records: all that are there.
        plan: of the trainings.
        missing: those that are to be made.

    Raises:
        InputError: names the first record that differs; it belongs to another folder.
    """
    seeds = {training.seed for training in missing}
    for record in records:
        budget = plan.budgets.get(record.row)
        if budget is None:
            continue
        same = (record.updates, record.batch, record.crop_px) == (budget.updates, budget.batch, budget.crop)
        if not same or (record.seed in seeds and record.trainer != plan.trainer):
            raise InputError(
                results,
                f"{record.row} with seed {record.seed} was trained for {record.updates} updates of {record.batch} "
                f"crops of {record.crop_px} px with trainer={record.trainer}",
                "give the same budget and trainer, or another --results",
            )
