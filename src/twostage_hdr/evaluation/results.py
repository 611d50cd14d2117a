"""A comparison's results as files: csv to look at, json to make tables from again."""

import csv
import io
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, NamedTuple

from twostage_hdr.boundary.refusal import as_input_error
from twostage_hdr.boundary.structured_text import read_json
from twostage_hdr.evaluation.method_row import MethodRow, MetricColumn, ScoreSummary
from twostage_hdr.imaging.atomic import write_text

COSTS = {
    "Parameters": ("parameters", ","),
    "MAC/px": ("multiply_adds_per_pixel", ",.0f"),
    "s/MP": ("seconds_per_megapixel", ".2f"),
    "MiB": ("peak_mebibytes", ",.0f"),
}
"""Heads of the columns of cost: the row's attribute, and how it is printed."""
SPREAD = ("mean", "place_mean", "std", "low", "high")
"""Numbers of a score that may not exist, then NaN."""


class Results(NamedTuple):
    """What a comparison left behind."""

    rows: list[MethodRow]
    columns: list[MetricColumn]
    facts: dict[str, str]


def write_results(
    out_dir: Path, rows: Sequence[MethodRow], columns: Sequence[MetricColumn], facts: Mapping[str, str]
) -> None:
    """Writes `per_image.csv`, `summary.csv` and `summary.json`. Numbers that do not exist are left empty (null).

    Args:
        out_dir: created when missing.
        rows: one per method.
        columns: the metrics, in order.
        facts: what a reader must know of the run.
    """
    out_dir.mkdir(parents=True, exist_ok=True)
    kept = [_without_nan(asdict(row)) for row in rows]
    content = {
        "facts": dict(facts),
        "columns": [asdict(column) for column in columns],
        "places": {scene: place for row in kept for scene, place in row.pop("places").items()},
        "rows": kept,
    }
    write_text(out_dir / "summary.json", json.dumps(content, indent=1, ensure_ascii=False) + "\n")
    lines = (
        {"method": row.name, "scene": scene, "place": row.place(scene), **scores}
        for row in rows
        for scene, scores in row.per_image.items()
    )
    _write_csv(out_dir / "per_image.csv", list(lines))
    _write_csv(out_dir / "summary.csv", _summary_lines(rows, columns))


def read_results(path: Path) -> Results:
    """Reads a `summary.json`.

    Raises:
        InputError: it is missing or not of this form.
    """
    content = read_json(path, cure="give a summary.json")
    with as_input_error(path, "give a summary.json", "no results could be read"):
        columns = [MetricColumn(**column) for column in content["columns"]]
        rows = [_row(row, content.get("places", {})) for row in content["rows"]]
        return Results(rows, columns, dict(content["facts"]))


def _row(content: dict[str, Any], places: Mapping[str, str]) -> MethodRow:
    """Every empty number but a p-value stands for NaN."""
    per_image = {scene: _with_nan(image, image) for scene, image in content["per_image"].items()}
    scores = {key: ScoreSummary(**_with_nan(score, SPREAD)) for key, score in content["scores"].items()}
    own = {scene: places[scene] for scene in per_image if scene in places}
    return MethodRow(**{**content, "scores": scores, "per_image": per_image, "places": own})


def _with_nan(content: dict[str, Any], keys: Iterable[str]) -> dict[str, Any]:
    return {**content, **{key: math.nan if content.get(key) is None else content[key] for key in keys}}


def _without_nan(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_nan(item) for key, item in value.items()}
    return None if isinstance(value, float) and math.isnan(value) else value


def _summary_lines(rows: Sequence[MethodRow], columns: Sequence[MetricColumn]) -> list[dict[str, object]]:
    lines = []
    for row in rows:
        line: dict[str, object] = {"method": row.name, "title": row.title, "images": len(row.per_image)}
        for column in columns:
            for part, value in asdict(row.scores.get(column.key, ScoreSummary(mean=math.nan, images=0))).items():
                line[f"{column.key}_{part}"] = value
        lines.append(line | {cost: getattr(row, cost) for cost, _ in COSTS.values()} | {"note": row.note})
    return lines


def _write_csv(path: Path, lines: Sequence[dict[str, object]]) -> None:
    names = list(dict.fromkeys(name for line in lines for name in line))
    text = io.StringIO()
    writer = csv.DictWriter(text, names, lineterminator="\n")
    writer.writeheader()
    writer.writerows(_without_nan(line) for line in lines)
    write_text(path, text.getvalue())
