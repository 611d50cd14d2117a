"""Learning curves of a table's rows: validation score against updates, with the band over seeds."""

import csv
from collections.abc import Sequence
from pathlib import Path

import matplotlib
import numpy as np

from experiments.comparison.record import Record
from experiments.comparison.row import Row

matplotlib.use("Agg")
import matplotlib.pyplot as plt

LABELS = {"val/mu_psnr": "validation, μ-PSNR [dB]", "val/pu21_psnr": "validation, PU21-PSNR [dB]"}


def write_curves(rows: Sequence[Row], records: Sequence[Record], folder: Path, title: str) -> None:
    """`curves.csv` (row, seed, curve, update, value) and `curves.png`: means over seeds, from lowest to highest.

    Args:
        rows: in the order of the legend.
        records: trainings of them; without a curve nothing is written.
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
    figure, axes = plt.subplots(1, len(LABELS), figsize=(11, 4), dpi=100, layout="constrained")
    for axis, (name, label) in zip(axes, LABELS.items(), strict=True):
        for row in rows:
            _draw(
                axis,
                row,
                [record.curves[name] for record in records if record.row == row.name and name in record.curves],
            )
        axis.set(xlabel="updates", title=label)
        axis.grid(alpha=0.3)
    figure.legend(*axes[0].get_legend_handles_labels(), fontsize=8, loc="outside right center")
    figure.suptitle(title, fontsize=9)
    figure.savefig(folder / "curves.png", metadata={"Software": None})
    plt.close(figure)


def _draw(axis: "plt.Axes", row: Row, curves: Sequence[Sequence[Sequence[float]]]) -> None:
    """One row: a line through the means, a band over the seeds."""
    whole = [curve for curve in curves if len(curve) == max(map(len, curves))]
    if not whole:
        return
    values = np.array([[value for _, value in curve] for curve in whole])
    updates = [update for update, _ in whole[0]]
    name = f"{row.title} ({len(whole)} seed{'s' * (len(whole) > 1)})"
    (line,) = axis.plot(updates, values.mean(axis=0), marker=".", label=name)
    axis.fill_between(updates, values.min(axis=0), values.max(axis=0), color=line.get_color(), alpha=0.15)
