"""Training curves: read from a run's csv, drawn as SVG."""

import csv
import io
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from markupsafe import Markup, escape

from twostage_hdr.boundary.refusal import as_input_error, printable
from twostage_hdr.boundary.regular_file import read_text
from twostage_hdr.errors import InputError

Points = Sequence[tuple[float, float]]
"""(step, value) pairs, steps ascending."""

MOST_POINTS = 240
"""A longer curve is averaged down to this many points."""

MOST = 1e30
"""Numbers beyond this, as of a damaged file or a training that diverged, are not drawn."""

WIDTH, HEIGHT = 360, 200
LEFT, RIGHT, TOP, BOTTOM = 52, 10, 10, 26
"""The drawing's size and margins, px."""


class Chart(NamedTuple):
    """A drawing with its title, and the names of its curves in the order of their colours, where there are several."""

    title: str
    names: tuple[str, ...]
    svg: Markup


def read_curves(path: Path) -> dict[str, list[tuple[float, float]]]:
    """Every numeric column of a metrics csv (columns `step`, `epoch`, then one per quantity; cells may be empty).

    Returns:
        Column -> (step, value) pairs. Without a `step` column, lines are counted.

    Raises:
        InputError: no such file, or no column with numbers.
    """
    cure = "a run writes its metrics.csv with logger=csv"
    text = read_text(path, cure=cure)
    with as_input_error(path, cure, "no readable CSV"):
        lines = list(csv.DictReader(io.StringIO(text, newline="")))  # the last may be cut short, by a killed run
    curves: dict[str, list[tuple[float, float]]] = {}
    for number, line in enumerate(lines):
        step = _number(line.get("step")) if line.get("step") else float(number)
        for name, cell in line.items():
            value = _number(cell) if isinstance(name, str) else None
            if name not in ("step", "epoch") and value is not None and step is not None:
                curves.setdefault(name, []).append((step, value))
    if not curves:
        columns = printable(", ".join(filter(None, lines[0]))) if lines else "no line"
        seen = f"no column of a quantity with numbers (it has {columns})"
        raise InputError(path, seen, "give the metrics.csv of a run")
    return curves


def charts(curves: Mapping[str, Points]) -> list[Chart]:
    """One chart per quantity: `train/l1` and `val/l1` share the chart "l1"."""
    groups: dict[str, dict[str, Points]] = {}
    for name, points in curves.items():
        finite = [(step, value) for step, value in points if abs(step) < MOST and abs(value) < MOST]  # nor is NaN
        if finite:
            part, _, quantity = name.rpartition("/")
            size = math.ceil(len(finite) / MOST_POINTS)
            bins = (finite[first : first + size] for first in range(0, len(finite), size))
            means = [[sum(column) / len(one) for column in zip(*one, strict=True)] for one in bins]
            groups.setdefault(quantity, {})[part] = [(step, value) for step, value in means]
    return [
        Chart(title, tuple(part.rpartition("/")[2] for part in lines) if len(lines) > 1 else (), draw(lines))
        for title, lines in groups.items()
    ]


def draw(lines: Mapping[str, Points]) -> Markup:
    """An SVG of curves on common axes, coloured by the page's style sheet (`.line0`, `.line1`, ...)."""
    steps = [step for points in lines.values() for step, _ in points]
    values = [value for points in lines.values() for _, value in points]
    logarithmic = min(values) > 1 / MOST and max(values) > 50 * min(values)
    scaled, unscaled = (math.log10, lambda height: 10.0**height) if logarithmic else (float, float)
    (start, end), (low, high) = _ends(steps), _ends([scaled(value) for value in values])

    def place(step: float, height: float) -> tuple[float, float]:
        """Where a point lies in the drawing, px."""
        x = LEFT + (step - start) / (end - start) * (WIDTH - LEFT - RIGHT)
        return round(x, 1), round(HEIGHT - BOTTOM - (height - low) / (high - low) * (HEIGHT - TOP - BOTTOM), 1)

    parts = []
    for tick in _ticks(low, high, whole=logarithmic):
        _, y = place(start, tick)
        parts.append(f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y}" y2="{y}"/>')
        parts.append(f'<text x="{LEFT - 6}" y="{y + 3.5}" text-anchor="end">{unscaled(tick):.4g}</text>')
    for tick in _ticks(start, end):
        label = f"{tick / 1000:g}k" if tick >= 1000 else f"{tick:g}"
        parts.append(f'<text x="{place(tick, low)[0]}" y="{HEIGHT - 8}" text-anchor="middle">{label}</text>')
    for index, (name, points) in enumerate(lines.items()):
        places = [place(step, scaled(value)) for step, value in points]
        last = f"{escape(name)} {points[-1][1]:.4g} at step {points[-1][0]:g}"
        x, y = places[-1]
        parts.append(f'<path class="line{index}" d="M{" L".join(f"{x} {y}" for x, y in places)}"/>')
        parts.append(f'<circle class="line{index}" cx="{x}" cy="{y}" r="3"><title>{last}</title></circle>')
    return Markup(f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img">{"".join(parts)}</svg>')


def _ends(values: Sequence[float]) -> tuple[float, float]:
    low, high = min(values), max(values)
    margin = 0.0 if low < high else max(0.5, abs(low) / 2)
    return low - margin, high + margin


def _ticks(low: float, high: float, *, whole: bool = False) -> list[float]:
    """Up to seven round values from one end to the other; the ends where there are none, as on less than a decade."""
    from matplotlib.ticker import MaxNLocator  # here, since verbs that read curves need not wait for it

    ticks = MaxNLocator(6, steps=[1, 2, 5, 10], integer=whole).tick_values(low, high)
    return [float(tick) for tick in ticks if low <= tick <= high] or [low, high]


def _number(text: str | None) -> float | None:
    try:
        return float(text) if text else None
    except ValueError:
        return None
