"""The rounds' training curves: kept as data, drawn as a picture.

python -m experiments.weights.curves --runs RUNS

Rounds that are not in RUNS keep the curves that were kept before.
"""

import argparse
import csv
from collections import defaultdict
from pathlib import Path

import matplotlib

from experiments.weights.rounds import ROUNDS
from twostage_hdr.cli.run_directory import RunDirectory

matplotlib.use("Agg")
import matplotlib.pyplot as plt

HERE = Path(__file__).parent
LOSS = "train/pu21"
"""The L1 in PU21 units, whoever plays: stage II or the context."""
SHOWN = {
    LOSS: "training loss, L1 in PU21 / 256",
    "val/mu_psnr": "validation, μ-PSNR [dB]",
    "val/pu21_psnr": "validation, PU21-PSNR [dB]",
}
"""What is kept of a run's curves."""
SMOOTHED = 10
"""Logged training losses in one mean; they are logged every 20 updates."""


def points(run: Path, before: int) -> dict[str, list[tuple[int, float]]]:
    """(update, value) by name, counted on from the updates before the round; the training loss in means."""
    curves = RunDirectory(run).curves()
    loss = next(line for name, line in curves.items() if name.startswith("train/") and name.endswith("/pu21"))
    groups = [loss[start : start + SMOOTHED] for start in range(0, len(loss), SMOOTHED)]
    means = [(before + int(group[-1][0]) + 1, sum(value for _, value in group) / len(group)) for group in groups]
    shown = {name: [(before + int(step) + 1, value) for step, value in curves.get(name, [])] for name in SHOWN}
    return shown | {LOSS: means}


def kept(path: Path) -> dict[str, dict[str, list[tuple[int, float]]]]:
    """The curves of an earlier call, by round."""
    curves: dict[str, dict[str, list[tuple[int, float]]]] = defaultdict(lambda: defaultdict(list))
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            curves[row["round"]][row["curve"]].append((int(row["update"]), float(row["value"])))
    return curves


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=Path, required=True, help="folder of the rounds")
    parser.add_argument("--picture", type=Path, default=HERE.parents[1] / "docs" / "images" / "weights_curves.png")
    arguments = parser.parse_args()
    data = HERE / "results" / "curves.csv"
    earlier = kept(data) if data.exists() else {}
    lines: list[tuple[str, str, int, float]] = []
    figure, axes = plt.subplots(1, len(SHOWN), figsize=(12, 3.4), dpi=100, layout="constrained")
    ends: dict[str, int] = {}  # updates up to the end of each round
    for one in ROUNDS:
        run, before = arguments.runs / one.name, ends.get(one.start, 0)
        curves = points(run, before) if run.is_dir() else earlier.get(one.name, {})
        for axis, (name, label) in zip(axes, SHOWN.items(), strict=True):
            line = curves.get(name, [])
            axis.plot([x for x, _ in line], [y for _, y in line], marker=".", label=one.name)
            axis.set(title=label, xlabel="updates")
            lines += [(one.name, name, update, value) for update, value in line]
        ends[one.name] = max((x for line in curves.values() for x, _ in line), default=before)
    figure.legend(*axes[0].get_legend_handles_labels(), fontsize=8, loc="outside right center")
    arguments.picture.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(arguments.picture)
    with data.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("round", "curve", "update", "value"))
        writer.writerows((name, curve, update, f"{value:.5g}") for name, curve, update, value in lines)


if __name__ == "__main__":
    main()
