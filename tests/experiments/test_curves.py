"""Learning curves: what is drawn, and what is compared with what."""

import csv
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pytest

from experiments.comparison import curves
from experiments.comparison.curves import write_curves
from experiments.comparison.record import Record
from experiments.comparison.row import Row

ROWS = [
    Row(name="paper", title="Paper", settings=()),
    Row(name="ahead", title="Ahead", settings=()),
    Row(name="stage", title="Stage", settings=(), other_validation="validated against the 8-bit reference"),
    Row(name="stopped", title="Stopped", settings=()),
]
BUDGET = {"updates": 4, "batch": 2, "crop_px": 16, "validations": 2}


def record(row: str, seed: int, *scores: float) -> Record:
    points = [[2.0 * (place + 1), score] for place, score in enumerate(scores)]
    return Record(row=row, seed=seed, **BUDGET, curves=dict.fromkeys(curves.LABELS, points) if points else {})


RECORDS = [
    record("paper", 0, 20, 30),
    record("paper", 1, 10, 16),
    record("ahead", 0, 21, 32),
    record("ahead", 1, 11, 20),
    record("stage", 0, 50, 51),
    record("stopped", 0),
]


@pytest.fixture
def figure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> "plt.Figure":
    monkeypatch.setattr(plt, "close", lambda _: None)
    write_curves(ROWS, RECORDS, "paper", tmp_path, "2 updates")
    assert (tmp_path / "curves.png").is_file()
    return plt.gcf()


def lines(axis: "plt.Axes") -> dict[str, np.ndarray]:
    return {str(line.get_label()): np.asarray(line.get_ydata()) for line in axis.lines if line.get_marker() == "."}


def test_a_line_goes_through_the_means_over_the_seeds(figure: "plt.Figure") -> None:
    above = lines(figure.axes[0])
    np.testing.assert_array_equal(above["Paper (2 seeds)"], [15, 23])
    np.testing.assert_array_equal(above["Ahead (2 seeds)"], [16, 26])


def test_below_each_seed_is_compared_with_its_own_reference(figure: "plt.Figure") -> None:
    below = lines(figure.axes[2])
    np.testing.assert_array_equal(below["Ahead (2 seeds)"], [1, 3])
    np.testing.assert_array_equal(below["Paper (2 seeds)"], [0, 0])


def test_a_row_with_another_validation_is_named_and_not_drawn(figure: "plt.Figure") -> None:
    assert set(lines(figure.axes[0])) == {"Paper (2 seeds)", "Ahead (2 seeds)"}
    assert figure.get_suptitle() == "2 updates\nnot drawn: Stage, validated against the 8-bit reference"
    assert figure.axes[0].get_ylim()[1] < 40


def test_the_data_hold_every_row(figure: "plt.Figure", tmp_path: Path) -> None:
    with (tmp_path / "curves.csv").open(encoding="utf-8") as file:
        kept = list(csv.DictReader(file))
    assert {line["row"] for line in kept} == {"paper", "ahead", "stage"}
    assert {"row": "stage", "seed": "0", "curve": "val/mu_psnr", "update": "4", "value": "51"} in kept


def test_without_a_curve_nothing_is_written(tmp_path: Path) -> None:
    write_curves(ROWS, [record("stopped", 0)], "paper", tmp_path, "2 updates")
    assert list(tmp_path.iterdir()) == []
