"""Each method's learning rate, chosen on the validation places before anything is scored."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from hydra import compose, initialize_config_dir

from experiments.comparison.row import Row, Training
from experiments.comparison.training import Plan, train
from twostage_hdr.cli.hydra_command import config_directory
from twostage_hdr.cli.run_directory import RunDirectory
from twostage_hdr.errors import InputError

FILE = "rates.json"
SEED = 0
"""Of the trainings that are compared; the best of them is the table's training of that seed."""


@dataclass(frozen=True, kw_only=True)
class Rate:
    """What was chosen for a row.

    Attributes:
        factor: of the method's own rate.
        rate: the learning rate.
        tried: factor -> best validation μ-PSNR in dB; None where the run ended itself.
    """

    factor: float
    rate: float
    tried: dict[str, float | None]

    @property
    def variant(self) -> str:
        """Of the folders of its trainings."""
        return variant(self.factor)


def variant(factor: float) -> str:
    """The part of a folder's name that tells the factor."""
    return f"_x{factor:g}"


def chosen_rates(
    plan: Plan, rows: Sequence[Row], factors: Sequence[float], results: Path, *, at_once: int, threads: int
) -> dict[str, Rate]:
    """Trains each row once with each factor of its own rate, and takes the best; what was chosen before is kept.

    Args:
        plan: of the trainings.
        rows: whose optimiser is `module.optimizer`.
        factors: of the rate that the row's config has.
        results: keeps `rates.json`.
        at_once: trainings side by side.
        threads: of each.

    Raises:
        InputError: no factor of a row gave a validation score.
    """
    path = results / FILE
    known = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    rates = {name: Rate(**content) for name, content in known.items()}
    for row in rows:
        if row.name not in rates:
            rates[row.name] = _choose(plan, row, factors, at_once, threads)
            results.mkdir(parents=True, exist_ok=True)
            content = {name: asdict(rate) for name, rate in rates.items()}
            path.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    return rates


def _choose(plan: Plan, row: Row, factors: Sequence[float], at_once: int, threads: int) -> Rate:
    own = own_rate(row)
    tried = {factor: Training(row.at_rate(own * factor), SEED, variant(factor)) for factor in factors}
    failed = train(plan, list(tried.values()), at_once=at_once, threads=threads)
    scores = {factor: RunDirectory(plan.folder(one)).score for factor, one in tried.items() if one.name not in failed}
    known = {factor: score for factor, score in scores.items() if score is not None}
    if not known:
        raise InputError(row.name, f"no rate could be trained ({'; '.join(failed.values())})", "see its train.log")
    best = max(known, key=lambda factor: known[factor])
    return Rate(factor=best, rate=own * best, tried={f"{factor:g}": scores.get(factor) for factor in factors})


def own_rate(row: Row) -> float:
    """The learning rate of a row's config."""
    with initialize_config_dir(version_base="1.3", config_dir=str(config_directory())):
        config = compose("train", overrides=["run_dir=.", *row.settings])
    return float(config.module.optimizer.lr)
