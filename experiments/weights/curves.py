"""The rounds' training curves: kept as data, drawn as a picture.

python -m experiments.weights.curves --runs RUNS
"""

import argparse
import csv
from pathlib import Path

import matplotlib

from experiments.weights.rounds import ROUNDS
from twostage_hdr.cli.run_directory import RunDirectory

matplotlib.use("Agg")
import matplotlib.pyplot as plt

HERE = Path(__file__).parent
SHOWN = {
    "train/tone_mapping/pu21": "training loss, L1 in PU21 / 256",
    "val/mu_psnr": "validation, μ-PSNR [dB]",
    "val/pu21_psnr": "validation, PU21-PSNR [dB]",
}
"""What is kept of a run's curves."""
SMOOTHED = 10
"""Logged training losses in one mean; they are logged every 20 updates."""


def points(run: Path) -> dict[str, list[tuple[float, float]]]:
    """(update within the round, value) by name; the training loss in means."""
    curves = {name: line for name, line in RunDirectory(run).curves().items() if name in SHOWN}
    loss = curves.get("train/tone_mapping/pu21", [])
    groups = [loss[start : start + SMOOTHED] for start in range(0, len(loss), SMOOTHED)]
    means = [(group[-1][0], sum(value for _, value in group) / len(group)) for group in groups]
    return curves | {"train/tone_mapping/pu21": means}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=Path, required=True, help="folder of the rounds")
    parser.add_argument("--picture", type=Path, default=HERE.parents[1] / "docs" / "images" / "weights_curves.png")
    arguments = parser.parse_args()
    lines: list[tuple[str, str, int, float]] = []
    figure, axes = plt.subplots(1, len(SHOWN), figsize=(12, 3.4), dpi=100, layout="constrained")
    ends: dict[str, float] = {}  # updates before and in each round
    for one in ROUNDS:
        curves, before = points(arguments.runs / one.name), ends.get(one.start, 0.0)
        for axis, (name, label) in zip(axes, SHOWN.items(), strict=True):
            line = [(before + update + 1, value) for update, value in curves.get(name, [])]
            axis.plot([x for x, _ in line], [y for _, y in line], marker=".", label=one.name)
            axis.set(title=label, xlabel="updates")
            lines += [(one.name, name, int(update), value) for update, value in line]
        ends[one.name] = max((x for of, _, x, _ in lines if of == one.name), default=before)
    axes[0].legend(fontsize=8)
    arguments.picture.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(arguments.picture)
    with (HERE / "results" / "curves.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("round", "curve", "update", "value"))
        writer.writerows((name, curve, update, f"{value:.5g}") for name, curve, update, value in lines)


if __name__ == "__main__":
    main()
