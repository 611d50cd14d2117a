"""From the records of trainings, however many there are yet, to a table's files."""

import csv
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from experiments.comparison.budget import Budget
from experiments.comparison.curves import write_curves
from experiments.comparison.differences import differences, differences_table
from experiments.comparison.record import Record
from experiments.comparison.render import PARTIAL, render_table
from experiments.comparison.row import Row
from experiments.comparison.seeds import over_seeds
from twostage_hdr.evaluation.method_row import MethodRow, MetricColumn
from twostage_hdr.evaluation.results import Results, write_results


@dataclass(frozen=True, kw_only=True)
class Assembly:
    """What a table is made of.

    Attributes:
        rows: in their order.
        seeds: trainings that each row is to have.
        reference: name of the row that the others are compared with.
        budgets: by row.
        absent: title -> why there is no row.
        overlay: what all rows share, in words.
    """

    rows: Sequence[Row]
    seeds: int
    reference: str
    budgets: Mapping[str, Budget]
    absent: Mapping[str, str]
    overlay: str = ""


def assemble(table: Assembly, records: Sequence[Record], others: Results, results: Path) -> None:
    """Writes `summary.json`, csv files, differences, curves, and the tables rendered from them.

    Args:
        table: what is wanted.
        records: what is there; rows of other tables among them are left out.
        others: the LDR input first, then what else needs no training.
        results: folder.
    """
    names = {row.name for row in table.rows}
    own = [record for record in records if record.row in names]
    by_row = {row.name: row for row in table.rows}
    seeds: dict[str, dict[int, MethodRow]] = {row.name: {} for row in table.rows}
    for record in own:
        if record.images:
            seeds[record.row][record.seed] = record.method_row(by_row[record.row])
    trained = [list(seeds[row.name].values()) for row in table.rows if seeds[row.name]]
    ldr, *rest = [[row] for row in others.rows]
    merged = [_with_progress(row, table, own) for row in over_seeds([ldr, *trained, *rest], others.columns)]
    absent = [MethodRow(name=title, title=title, note=f"not run: {why}") for title, why in table.absent.items()]
    facts = _facts(table, own, others)
    write_results(results, [*merged, *absent], others.columns, facts)
    _write_csv(results / "seeds.csv", _seed_lines(seeds, others.columns))
    _write_differences(table, seeds, others.rows[0], others.columns, results)
    title = "; ".join(facts[key] for key in ("budget", PARTIAL) if key in facts)
    write_curves(table.rows, own, table.reference, results, title)
    render_table(results)


def _write_differences(
    table: Assembly,
    seeds: Mapping[str, Mapping[int, MethodRow]],
    ldr: MethodRow,
    columns: Sequence[MetricColumn],
    results: Path,
) -> None:
    """Each row less the reference, and less the LDR input, which is the same for every seed."""
    inputs = {seed: ldr for of_row in seeds.values() for seed in of_row}
    [reference] = [row.title for row in table.rows if row.name == table.reference]
    titles = {table.reference: reference, ldr.name: ldr.title}
    found = {name: differences(table.rows, {**seeds, ldr.name: inputs}, name, columns) for name in titles}
    (results / "differences.json").write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    texts = [differences_table(found[name], table.rows, title, columns) for name, title in titles.items()]
    (results / "differences.md").write_text("\n".join(filter(None, texts)), encoding="utf-8")


def _with_progress(row: MethodRow, table: Assembly, records: Sequence[Record]) -> MethodRow:
    """A trained row's note says how many of its seeds are there, and which ended themselves."""
    own = [record for record in records if record.row == row.name]
    if not own:
        return row
    scored = sum(bool(record.images) for record in own)
    missing = [f"{scored} of {table.seeds} seeds"] if scored < table.seeds else []
    stopped = [f"seed {record.seed} ended itself: {record.stopped}" for record in own if record.stopped]
    return replace(row, note="; ".join(filter(None, [row.note, *missing, *stopped])))


def _facts(table: Assembly, records: Sequence[Record], others: Results) -> dict[str, str]:
    facts = dict(others.facts)
    budgets = list(dict.fromkeys(table.budgets[row.name].text() for row in table.rows))
    seeds = sorted({record.seed for record in records})
    done, wanted = len(records), len(table.rows) * table.seeds
    facts |= {"budget": "; ".join(budgets), "seeds": ", ".join(str(seed) for seed in seeds)}
    if table.overlay:
        facts["recipe"] = table.overlay
    if done < wanted:
        facts[PARTIAL] = f"{done} of {wanted} trainings are done; nothing in this table is a result yet"
    states = sorted({state for record in records for state in record.commits})
    facts["commits"] = ", ".join(states)
    devices = sorted({f"{record.device} (trainer={record.trainer})" for record in records if record.device})
    if devices:
        facts["trained on"] = ", ".join(devices)
    return facts


def _seed_lines(seeds: Mapping[str, Mapping[int, MethodRow]], columns: Sequence[MetricColumn]) -> list[dict[str, Any]]:
    """The mean over the images of each training."""
    lines = []
    for name, of_row in seeds.items():
        for seed, row in sorted(of_row.items()):
            line: dict[str, Any] = {"row": name, "seed": seed}
            for column in columns:
                values = [scores.get(column.key, math.nan) for scores in row.per_image.values()]
                known = [value for value in values if not math.isnan(value)]
                line[column.key] = sum(known) / len(known) if known else None
            lines.append(line)
    return lines


def _write_csv(path: Path, lines: Sequence[dict[str, Any]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(lines[0]) if lines else [], lineterminator="\n")
        writer.writeheader()
        writer.writerows(lines)
