"""A comparison's rows as a table: Markdown, or for the terminal."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.table import Table
from rich.text import Text

from twostage_hdr.evaluation.method_row import MethodRow, MetricColumn, ScoreSummary
from twostage_hdr.evaluation.results import COSTS, Results
from twostage_hdr.evaluation.summarise import best_rows
from twostage_hdr.imaging.atomic import write_text

MISSING = "–"
"""Shown where a number does not exist."""


@dataclass(frozen=True, kw_only=True)
class TableStyle:
    """What a cell shows beside the mean.

    Attributes:
        std: the standard deviation, as "± s".
        std_over: what it is taken over.
        place_mean: the mean of the places' means, as "(m)".
        interval: the mean's 95 % bootstrap interval over places, as "[a, b]".
        cost: columns with parameters, multiply-adds and time.
        note: a last column with the rows' notes, where there are any.
        bold: show which mean is the best.
    """

    std: bool = True
    std_over: str = "the images"
    place_mean: bool = False
    interval: bool = False
    cost: bool = False
    note: bool = True
    bold: bool = True


MOST_BESIDE = 4
"""Methods that fit side by side on a terminal of 80 columns."""

Cell = tuple[str, bool]
"""Text, and whether it is the best of its column."""


def markdown_table(rows: Sequence[MethodRow], columns: Sequence[MetricColumn], style: TableStyle = TableStyle()) -> str:
    """A Markdown table, best in bold, with what a cell shows and the scaling of every metric below it."""
    heads, lines = cells(rows, columns, style)
    body = [[f"**{text}**" if best else text for text, best in line] for line in lines]
    escaped = [[text.replace("|", "\\|") for text in line] for line in [heads, *body]]
    rule = ["---", *("---:" for _ in heads[1:])]
    table = [f"| {' | '.join(line)} |" for line in [escaped[0], rule, *escaped[1:]]]
    notes = [f"- {text}" for text in (*cell_notes(rows, style), *scaling_notes(columns))]
    return "\n".join([*table, "", *notes]) + "\n"


def write_table(folder: Path, results: Results) -> str:
    """Writes `table.md`, with costs, into an evaluation's folder; gives its text."""
    text = markdown_table(results.rows, results.columns, TableStyle(cost=True))
    write_text(folder / "table.md", text)
    return text


def terminal_table(rows: Sequence[MethodRow], columns: Sequence[MetricColumn], *, title: str = "") -> Table:
    """A table for the terminal, best in bold green: a few methods side by side, more of them one below the other."""
    beside = len(rows) <= MOST_BESIDE
    heads, lines = cells(rows, columns, TableStyle(std=beside, note=False))
    body: list[list[Cell]] = lines
    if beside:
        body = [[(head, False), *(line[place] for line in lines)] for place, head in enumerate(heads)][1:]
        heads = ["", *(row.title for row in rows)]
    table = Table(title=title or None, caption=Text("\n".join(scaling_notes(columns))), caption_justify="left")
    for position, head in enumerate(heads):
        table.add_column(Text(head), justify="right" if position else "left", overflow="fold")
    for line in body:
        table.add_row(*(Text(text, "bold green" if best else "") for text, best in line))
    return table


def cell_notes(rows: Sequence[MethodRow], style: TableStyle) -> list[str]:
    """What a cell shows, and what bold does not mean."""
    scores = [score for row in rows for score in row.scores.values()]
    if not scores:
        return []
    parts = ["mean over the images"]
    parts += [f"± standard deviation over {style.std_over}"] if style.std else []
    parts += ["(mean over places of each place's mean)"] if style.place_mean else []
    parts += ["[95 % bootstrap interval of the mean, resampled by place]"] if style.interval else []
    images, places = max(score.images for score in scores), max(score.places for score in scores)
    counted = f"Of {images} images of {places} places: {', '.join(parts)}."
    return [counted, *(["Bold: the best mean on these images, which also chose it; not a test."] if style.bold else [])]


def scaling_notes(columns: Sequence[MetricColumn]) -> list[str]:
    """One line per scaling: which metrics had it."""
    by_scaling: dict[str, list[str]] = {}
    for column in columns:
        by_scaling.setdefault(column.scaling, []).append(column.title)
    return [f"{'; '.join(titles)}: {scaling}." for scaling, titles in by_scaling.items()]


def cells(
    rows: Sequence[MethodRow], columns: Sequence[MetricColumn], style: TableStyle
) -> tuple[list[str], list[list[Cell]]]:
    """The heads of a table, and a line of cells for each row."""
    winners = {column.key: best_rows(rows, column) if style.bold else [] for column in columns}
    costs = list(COSTS) if style.cost else []
    noted = style.note and any(row.note for row in rows)
    arrows = [f"{column.heading} {'↑' if column.higher_is_better else '↓'}" for column in columns]
    heads = ["Method", *arrows, *costs, *(["Note"] if noted else [])]
    lines: list[list[Cell]] = []
    for row in rows:
        scores = [
            (score_text(row.scores.get(column.key), column, style), row.name in winners[column.key])
            for column in columns
        ]
        extra = [(cost_text(row, head), False) for head in costs] + ([(row.note, False)] if noted else [])
        lines.append([(row.title, False), *scores, *extra])
    return heads, lines


def score_text(score: ScoreSummary | None, column: MetricColumn, style: TableStyle) -> str:
    """One cell: "27.93 ± 1.20 (27.60) [27.01, 28.70]", as far as the style asks for it and the numbers exist."""
    if score is None or math.isnan(score.mean):
        return column.missing
    digits = column.digits
    text = f"{score.mean:.{digits}f}"
    if style.std and not math.isnan(score.std):
        text += f" ± {score.std:.{digits}f}"
    if style.place_mean and not math.isnan(score.place_mean):
        text += f" ({score.place_mean:.{digits}f})"
    if style.interval and not math.isnan(score.low):
        text += f" [{score.low:.{digits}f}, {score.high:.{digits}f}]"
    return text


def cost_text(row: MethodRow, head: str) -> str:
    """A cost of a row, or a dash where it has none."""
    field, pattern = COSTS[head]
    value = getattr(row, field)
    return MISSING if value is None or math.isnan(value) else format(value, pattern)
