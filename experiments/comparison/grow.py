"""Lets a table grow: every training that has no record yet is made, scored, and put into the table."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from experiments.comparison.assemble import Assembly, assemble
from experiments.comparison.record import make_record, path_of, read_records, refuse_other_budgets, write_record
from experiments.comparison.row import Row, Training
from experiments.comparison.scoring import score, score_others
from experiments.comparison.training import Plan, train
from twostage_hdr.cli.run_directory import RunDirectory, commit
from twostage_hdr.errors import InputError
from twostage_hdr.evaluation.method_row import MethodRow

ENDED_ITSELF = "zero in more than half of the pixels"
"""In the message of a run that stopped learning: that is a result, not a mistake."""


@dataclass(frozen=True, kw_only=True)
class Grower:
    """What it takes to fill a table.

    Attributes:
        plan: of the trainings.
        assembly: of the table.
        results: its folder; records of trainings in it are not made again.
        root: folder of the images.
        networks: title -> further weights to score.
        score: settings of the scoring.
        operators: whether the expansion operators are rows.
        at_once: trainings side by side.
        threads: of each.
        together: whether all seeds are made at once, for machines with many cores; else one seed after the other.
        train_only: whether the scoring is left to a later command.
        variants: by row, the part of its folders' names that tells its chosen rate.
    """

    plan: Plan
    assembly: Assembly
    results: Path
    root: str
    networks: Mapping[str, str]
    score: Sequence[str]
    operators: bool
    at_once: int
    threads: int
    together: bool = False
    train_only: bool = False
    variants: Mapping[str, str] = field(default_factory=dict)

    def grow(self, rows: Sequence[Row]) -> None:
        """Makes what is missing of these rows; the table is written after every seed, or all of them together.

        Raises:
            InputError: records of another budget, or trainings that failed; what came before is kept.
        """
        every = range(self.assembly.seeds)
        wanted = [Training(row, seed, self.variants.get(row.name, "")) for seed in every for row in rows]
        refuse_other_budgets(self.results, read_records(self.results), self.plan, self._missing(wanted))
        for seeds in [every] if self.together else [[seed] for seed in every]:
            trainings = [one for one in wanted if one.seed in seeds]
            missing = self._missing(trainings)
            failed = train(self.plan, with_starts(missing, trainings), at_once=self.at_once, threads=self.threads)
            self._keep(missing, failed)
            if not self.train_only:
                self._assemble(trainings)
            wrong = {name: why for name, why in failed.items() if ENDED_ITSELF not in why}
            if wrong:
                told = "; ".join(f"{name}: {why}" for name, why in wrong.items())
                raise InputError(f"{len(wrong)} trainings", f"failed ({told})", "run the command again")

    def _missing(self, trainings: Sequence[Training]) -> list[Training]:
        """Those without a record."""
        return [one for one in trainings if not path_of(self.results, one).is_file()]

    def _keep(self, missing: Sequence[Training], failed: Mapping[str, str]) -> None:
        """Records those that ended themselves and, scored, those that are finished."""
        for training in missing:
            if ENDED_ITSELF in (why := failed.get(training.name, "")):
                self._record(training, None, why)
        finished = [one for one in missing if one.name not in failed and RunDirectory(self.plan.folder(one)).finished]
        if finished and not self.train_only:
            more = [*self.score, "operators=false"]
            scored = score(self.plan, finished, more, at_once=self.at_once, threads=self.threads)
            for training in finished:
                self._record(training, scored[training.name])

    def _record(self, training: Training, scored: MethodRow | None, stopped: str = "") -> None:
        record = make_record(self.plan, training, scored, commit(), stopped)
        write_record(path_of(self.results, training), record)

    def _assemble(self, trainings: Sequence[Training]) -> None:
        finished = [one for one in trainings if (self.plan.folder(one) / "finished.json").is_file()]
        records = read_records(self.results)
        if not records or not (finished or (self.results / "others").is_dir()):
            return
        operators = f"operators={str(self.operators).lower()}"
        others = score_others(
            self.plan, (finished or trainings)[0], self.networks, [*self.score, operators], self.root, self.results
        )
        assemble(self.assembly, records, others, self.results)


def with_starts(missing: Sequence[Training], trainings: Sequence[Training]) -> list[Training]:
    """The missing ones and, even if it has a record, whatever they start from: its weights may be gone."""
    starts = {one.row.start for one in missing}
    return [one for one in trainings if one in missing or one.row.name in starts]
