"""Learning curves of a table's rows: validation score against updates, with the band over seeds."""

import csv
import textwrap
from collections.abc import Mapping, Sequence
from pathlib import Path

import matplotlib
import numpy as np

from experiments.comparison.record import Record
from experiments.comparison.row import Row

matplotlib.use("Agg")
import matplotlib.pyplot as plt

LABELS = {"val/mu_psnr": "μ-PSNR [dB]", "val/pu21_psnr": "PU21-PSNR [dB]"}

Curves = Mapping[int, np.ndarray]
"""Seed -> (validations, 2) of updates and value."""


def write_curves(rows: Sequence[Row], records: Sequence[Record], reference: str, folder: Path, title: str) -> None:
    """`curves.csv` (row, seed, curve, update, value) and `curves.png`.

    The picture has means over the seeds in a band from the lowest to the highest: above the scores, below them each
    row minus the reference row, seed by seed, because each seed validates on its own frames. A row with another
    validation than the others' is not drawn.

    Args:
        rows: in the order of the legend.
        records: trainings of them; without a curve nothing is written.
        reference: name of the row that is taken off.
        folder: for both files.
        title: above the picture.
    """
    lines = [
        (record.row, record.seed, name, int(update), f"{value:.5g}")
        for record in records
        for name, points in record.curves.items()
        for update, value in points
    ]
    if not lines:
        return
    with (folder / "curves.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("row", "seed", "curve", "update", "value"))
        writer.writerows(lines)
    figure, axes = plt.subplots(2, len(LABELS), figsize=(11, 8), dpi=100, layout="constrained", sharex=True)
    for (above, below), (name, label) in zip(axes.T, LABELS.items(), strict=True):
        curves = {row.name: _whole(records, row, name) for row in rows if not row.other_validation}
        for place, row in enumerate(rows):
            _draw(above, row, curves.get(row.name, {}), f"C{place}")
            _draw(below, row, _less(curves.get(row.name, {}), curves.get(reference, {})), f"C{place}")
        above.set_title(f"validation, {label}", fontsize=10)
        below.set_title(f"the same less {_title(rows, reference)}, seed by seed", fontsize=10)
        below.set_xlabel("updates")
    for axis in axes.flat:
        axis.grid(alpha=0.3)
        axis.margins(x=0.02)
    figure.legend(*axes[0, 0].get_legend_handles_labels(), fontsize=8, loc="outside lower center", ncols=3)
    absent = [f"not drawn: {row.title}, {row.other_validation}" for row in rows if row.other_validation]
    figure.suptitle("\n".join([textwrap.fill(title, 150), *absent]), fontsize=9)
    figure.savefig(folder / "curves.png", metadata={"Software": None})
    plt.close(figure)


def _title(rows: Sequence[Row], name: str) -> str:
    return next((row.title for row in rows if row.name == name), name)


def _whole(records: Sequence[Record], row: Row, name: str) -> Curves:
    """The row's curves that have every validation."""
    found = {one.seed: np.array(one.curves[name]) for one in records if one.row == row.name and name in one.curves}
    return {seed: curve for seed, curve in found.items() if len(curve) == max(map(len, found.values()))}


def _less(own: Curves, other: Curves) -> Curves:
    """The difference on the seeds that both have, if they were validated at the same updates."""
    return {
        seed: np.stack([own[seed][:, 0], own[seed][:, 1] - other[seed][:, 1]], axis=1)
        for seed in own.keys() & other.keys()
        if np.array_equal(own[seed][:, 0], other[seed][:, 0])
    }


def _draw(axis: "plt.Axes", row: Row, curves: Curves, colour: str) -> None:
    """One row: a line through the means, a band over the seeds."""
    if not curves:
        return
    updates = next(iter(curves.values()))[:, 0]
    values = np.stack([curve[:, 1] for curve in curves.values()])
    name = f"{row.title} ({len(curves)} seed{'s' * (len(curves) > 1)})"
    axis.plot(updates, values.mean(axis=0), marker=".", label=name, color=colour)
    low, high = values.min(axis=0), values.max(axis=0)
    axis.fill_between(updates, low, high, color=colour, alpha=0.1, linewidth=0)
    for edge in (low, high):
        axis.plot(updates, edge, color=colour, alpha=0.5, linewidth=0.6)
