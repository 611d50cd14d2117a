"""Scores all rows of a table in one `twostage-hdr evaluate`, and keeps the figures."""

import csv
import json
import re
import subprocess
import sys
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from experiments.comparison.row import Row, Training
from experiments.comparison.seeds import over_seeds
from experiments.comparison.training import Plan, record
from twostage_hdr.errors import InputError
from twostage_hdr.evaluation.method_row import MethodRow
from twostage_hdr.evaluation.results import Results, read_results, write_results
from twostage_hdr.expansion.all_operators import ALL_OPERATORS

SEED = 0
"""Of the frozen cameras of the scored images: the same for all rows, whatever seed they were trained with."""


def command(
    plan: Plan, trainings: Sequence[Training], networks: Mapping[str, str], more: Sequence[str], out: Path
) -> list[str]:
    """The `twostage-hdr evaluate` of all trainings and of further weights, by title.

    Args:
        plan: what the trainings share.
        trainings: finished ones.
        networks: title -> further weights.
        more: further settings of `evaluate`.
        out: folder for its results.
    """
    first, *others = trainings
    named = {other.name: str(plan.folder(other)) for other in others}
    named |= {plain(title): weights for title, weights in networks.items()}
    pairs = ", ".join(f"{name}: {_quoted(weights)}" for name, weights in named.items())
    settings = [
        f"weights={_quoted(str(plan.folder(first)))}",
        *plan.data,
        f"networks={{{pairs}}}",
        f"seed={SEED}",
        *more,
        f"hydra.run.dir={out}",
    ]
    return [sys.executable, "-m", "twostage_hdr", "evaluate", *settings]


def score(plan: Plan, trainings: Sequence[Training], networks: Mapping[str, str], more: Sequence[str]) -> Results:
    """Runs the comparison; its page with pictures stays in the work folder.

    Raises:
        InputError: it failed, and said why.
    """
    out = plan.work / "evaluation"
    told = subprocess.run(command(plan, trainings, networks, more, out), check=False)
    if told.returncode:
        raise InputError("the trainings are finished, but `twostage-hdr evaluate` failed, see above; the same goes on")
    results = with_titles(read_results(out / "summary.json"), trainings, networks)
    write_results(out, results.rows, results.columns, results.facts)
    return results


def with_titles(results: Results, trainings: Sequence[Training], networks: Collection[str]) -> Results:
    """The rows under the titles of the table; several seeds of one are told apart."""
    seeds = {training.seed for training in trainings}
    titles = {plain(title): title for title in networks}
    titles |= {one.name: one.row.title + (f", seed {one.seed}" if len(seeds) > 1 else "") for one in trainings}
    return results._replace(rows=[replace(row, title=titles.get(row.name, row.title)) for row in results.rows])


def plain(title: str) -> str:
    """A title as a key that Hydra's grammar takes."""
    return re.sub(r"[^A-Za-z0-9]+", "_", title).strip("_")


def merged(results: Results, trainings: Sequence[Training], absent: Mapping[str, str]) -> list[MethodRow]:
    """The rows with the notes of the table; the seeds of a row as one; what could not be run, last.

    Args:
        results: of one comparison.
        trainings: that are among its rows.
        absent: title -> why there is no row.
    """
    seeds: dict[str, list[str]] = {}
    for training in trainings:
        seeds.setdefault(training.row.name, []).append(training.name)
    trained = {name for names in seeds.values() for name in names}
    groups = [[row.name] for row in results.rows if row.name not in trained]
    # The LDR input is the first; then the table's own rows, then what they are compared with.
    groups = [*groups[:1], *seeds.values(), *groups[1:]]
    named = {training.name: training.row for training in trainings}
    rows = [_noted(row, named.get(row.name)) for row in over_seeds(results.rows, groups, results.columns)]
    return [*rows, *(MethodRow(name=title, title=title, note=f"not run: {why}") for title, why in absent.items())]


def _noted(row: MethodRow, of_table: Row | None) -> MethodRow:
    if of_table is not None:
        return replace(row, name=of_table.name, title=of_table.title, note=of_table.note)
    operator = ALL_OPERATORS.get(row.name)
    if operator is None:
        return row
    return replace(row, note="; ".join(filter(None, ["unverified" * operator.unverified, operator.approximation])))


def keep(
    results: Results, rows: Sequence[MethodRow], plan: Plan, trainings: Sequence[Training], root: str, target: Path
) -> None:
    """Writes the figures without a path of this machine: `summary.json`, csv files, and how each row was trained."""
    facts = {name: text for name, text in results.facts.items() if name != "weights"}
    facts["data"] = facts["data"].replace(root, Path(root).resolve().name)
    budgets = list(dict.fromkeys(budget.text() for budget in plan.budgets.values()))
    seeds = sorted({training.seed for training in trainings})
    facts |= {"budget": "; ".join(budgets), "seeds": ", ".join(str(seed) for seed in seeds)}
    facts["spread"] = (
        f"± is the standard deviation over {len(seeds)} seeds of the mean over the images"
        if len(seeds) > 1
        else "one seed, so no spread over seeds is known"
    )
    write_results(target, rows, results.columns, facts)
    records = [record(plan, training) for training in trainings]
    path = target / "summary.json"
    content = json.loads(path.read_text(encoding="utf-8")) | {"training": records}
    path.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    _write_csv(target / "training.csv", [one | {"commits": " ".join(one["commits"])} for one in records])
    _write_csv(target / "seeds.csv", _seed_lines(results, trainings))


def _seed_lines(results: Results, trainings: Sequence[Training]) -> list[dict[str, Any]]:
    by_name = {row.name: row for row in results.rows}
    return [
        {"row": training.row.name, "seed": training.seed}
        | {key: score.mean for key, score in by_name[training.name].scores.items()}
        for training in trainings
    ]


def _write_csv(path: Path, lines: Sequence[dict[str, Any]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(lines[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(lines)


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "\\'") + "'"
