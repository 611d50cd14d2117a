"""Scores trainings with `twostage-hdr evaluate`, the seeds of a row at once, and what needs no training once."""

import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import groupby
from pathlib import Path

from experiments.comparison.row import Training
from experiments.comparison.side_by_side import Job, side_by_side
from experiments.comparison.training import Plan
from twostage_hdr.errors import InputError
from twostage_hdr.evaluation.method_row import MethodRow
from twostage_hdr.evaluation.results import Results, read_results, write_results
from twostage_hdr.expansion.all_operators import ALL_OPERATORS

SEED = 0
"""Of the frozen cameras of the scored images: the same for all rows, whatever seed they were trained with."""
OTHERS = "others"
"""Folder, in the results, of the rows that need no training."""


def command(plan: Plan, training: Training, networks: Mapping[str, str], more: Sequence[str], out: Path) -> list[str]:
    """The `twostage-hdr evaluate` of a training and of further weights, by title.

    Args:
        plan: what the trainings share.
        training: a finished one.
        networks: title -> further weights.
        more: further settings of `evaluate`.
        out: folder for its results.
    """
    pairs = ", ".join(f"{plain(title)}: {_quoted(weights)}" for title, weights in networks.items())
    settings = [
        f"weights={_quoted(str(plan.folder(training)))}",
        *plan.data,
        *([f"networks={{{pairs}}}"] if pairs else []),
        f"seed={SEED}",
        *more,
        f"hydra.run.dir={out}",
    ]
    return [sys.executable, "-m", "twostage_hdr", "evaluate", *settings]


def score(
    plan: Plan, trainings: Sequence[Training], more: Sequence[str], *, at_once: int, threads: int
) -> dict[str, MethodRow]:
    """The trainings' rows by name; pages with pictures, one for each row of the table, stay in the work folder.

    Args:
        plan: what the trainings share.
        trainings: finished ones. The seeds of a row are scored by one process, which prepares each image once.
        more: further settings of `evaluate`.
        at_once: processes side by side; of several none knows what a network costs by itself, so no time is kept.
        threads: of each.

    Raises:
        InputError: one failed, and said why.
    """
    groups = [list(group) for _, group in groupby(sorted(trainings, key=_row_name), key=_row_name)]
    outs = [plan.work / "scores" / first.name for first, *_ in groups]
    jobs = []
    for (first, *rest), out in zip(groups, outs, strict=True):
        networks = {one.name: str(plan.folder(one)) for one in rest}
        jobs.append(Job(f"{first.name} scored", command(plan, first, networks, more, out), out / "evaluate.log"))
    failed = side_by_side(jobs, at_once=at_once, threads=threads)
    if failed:
        told = "; ".join(f"{name}: {why}" for name, why in failed.items())
        raise InputError("scoring", f"`twostage-hdr evaluate` failed ({told})", "the same command tries again")
    rows = [row for out in outs for row in read_results(out / "summary.json").rows]
    wanted = {one.name for one in trainings}
    return {row.name: row if at_once == 1 else _without_time(row) for row in rows if row.name in wanted}


def _row_name(training: Training) -> str:
    return training.row.name


def _without_time(row: MethodRow) -> MethodRow:
    return replace(row, seconds_per_megapixel=None, peak_mebibytes=None)


def score_others(
    plan: Plan, training: Training, networks: Mapping[str, str], more: Sequence[str], root: str, results: Path
) -> Results:
    """The LDR input, operators and given weights; kept in the results, and read from there unless weights were added.

    Args:
        plan: what the trainings share.
        training: any finished one, whose data are the table's.
        networks: title -> weights.
        more: further settings of `evaluate`, `operators=true` among them.
        root: folder of the images, whose place is not kept.
        results: the table's.

    Raises:
        InputError: it failed, and said why.
    """
    kept = results / OTHERS
    if (kept / "summary.json").is_file():
        known = read_results(kept / "summary.json")
        if {plain(title) for title in networks} <= {row.name for row in known.rows}:
            return known
    out = plan.work / "scores" / OTHERS
    found = _evaluated(command(plan, training, networks, more, out), out)
    titles = {plain(title): title for title in networks}
    rows = [_noted(replace(row, title=titles.get(row.name, row.title))) for row in found.rows]
    facts = {name: text for name, text in found.facts.items() if name != "weights"}
    facts["data"] = facts["data"].replace(root, Path(root).resolve().name)
    others = [row for row in rows if row.name != training.name]
    write_results(kept, others, found.columns, facts)
    return read_results(kept / "summary.json")


def _evaluated(told: list[str], out: Path) -> Results:
    if subprocess.run(told, check=False).returncode:
        raise InputError("scoring", "`twostage-hdr evaluate` failed, see above", "the same command tries again")
    return read_results(out / "summary.json")


def plain(title: str) -> str:
    """A title as a key that Hydra's grammar takes."""
    return re.sub(r"[^A-Za-z0-9]+", "_", title).strip("_")


def _noted(row: MethodRow) -> MethodRow:
    operator = ALL_OPERATORS.get(row.name)
    if operator is None:
        return row
    return replace(row, note="; ".join(filter(None, ["unverified" * operator.unverified, operator.approximation])))


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "\\'") + "'"
