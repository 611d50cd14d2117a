"""Do more places still help? The whole-frame branch from its zero start on parts of the training places.

python -m experiments.weights.learning_curve --root HDR --out RUNS

A quarter, a half and all of the places, nested and by place, in another order for each seed; the same number of
updates, and of different views, for each. Runs that are finished are not repeated. Results as data in
`results/learning_curve.json`.
"""

import argparse
import json
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

from experiments.comparison.paired_difference import paired_difference
from experiments.weights.branch_runs import Bench, bench, unchanged
from experiments.weights.branch_views import nested_by_place
from experiments.weights.kept_frames import COLUMNS, means

HERE = Path(__file__).parent
FRACTIONS = (0.25, 0.5, 1.0)
SEEDS = (0, 1, 2, 3, 4)
UPDATES, VIEWS = 150, 400
"""Of a run; each view comes three times."""
KEPT, KEPT_OF_VALIDATION = 30, 12
"""Views that are photographed of an image: enough for a quarter of the places."""


def shared_bench(arguments: argparse.Namespace) -> Bench:
    """What the runs share, with as many views as they need; see `argument_parser`."""
    return bench(
        arguments.root,
        arguments.out,
        kept=KEPT,
        kept_of_validation=KEPT_OF_VALIDATION,
        device=arguments.device,
        processes=arguments.processes,
    )


def of_places(out: Path, fraction: float, seed: int) -> Path:
    """The file of a run."""
    return out / f"places_{fraction:g}_seed_{seed}.json"


def finished(shared: Bench, out: Path, seeds: Sequence[int], updates: int) -> dict[str, list[dict[str, Any]]]:
    """What came out, by share of the places, a list over the seeds; all shares of a seed before the next one."""
    groups = {scene.id: scene.group for scene in shared.training}
    found: dict[str, list[dict[str, Any]]] = {f"{fraction:g}": [] for fraction in FRACTIONS}
    for seed in seeds:
        for fraction, images in nested_by_place(groups, FRACTIONS, seed).items():
            file = of_places(out, fraction, seed)
            result = shared.run(file, images, views=VIEWS, updates=updates, seed=seed, change=unchanged)
            found[f"{fraction:g}"].append({"places": len({groups[image] for image in images}), **result})
            print(file.stem, json.dumps(summary(result)), flush=True)
    return found


def summary(result: dict[str, Any]) -> dict[str, Any]:
    """A run's losses, and its scores as means over the frames."""
    return result | {"scores": {camera: means(rows) for camera, rows in result["scores"].items()}}


def steps(
    found: Mapping[str, Sequence[Mapping[str, Any]]], camera: str, key: str, places: Mapping[str, str]
) -> dict[str, dict[str, float]]:
    """What doubling the places gives: neighbouring shares of them, paired by seed, with a 95 % interval by place."""
    made = {}
    for less, more in pairwise(found):
        before, after = (
            [{scene: row[key] for scene, row in run["scores"][camera].items()} for run in found[share]]
            for share in (less, more)
        )
        difference = paired_difference(after, before, places)
        assert difference is not None
        ends = {"mean": difference.mean, "low": difference.low, "high": difference.high}
        made[f"{less} to {more}"] = {name: round(value, 3) for name, value in ends.items()}
    return made


def argument_parser(description: str | None, results: str) -> argparse.ArgumentParser:
    """The command line of an experiment with short runs of the branch.

    Args:
        description: of the command.
        results: name of its file of results.
    """
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--root", type=Path, required=True, help="folder of HDR images")
    parser.add_argument(
        "--out", type=Path, required=True, help="folder for views and runs, which such experiments share"
    )
    parser.add_argument("--seeds", type=int, nargs="+", default=list(SEEDS))
    parser.add_argument("--updates", type=int, default=UPDATES)
    parser.add_argument("--device", default="cpu", help="that trains: cpu, cuda")
    parser.add_argument("--processes", type=int, default=1, help="that photograph views where they are missing")
    parser.add_argument("--results", type=Path, default=HERE / "results" / results)
    return parser


def main() -> None:
    arguments = argument_parser(__doc__, "learning_curve.json").parse_args()
    shared = shared_bench(arguments)
    found = finished(shared, arguments.out, arguments.seeds, arguments.updates)
    content = {
        "what": "the whole-frame branch from its zero start on parts of the training places, scored on the validation "
        "images; losses on views: pinball and response in stops, image in tenths of a dB",
        "updates": arguments.updates,
        "views": VIEWS,
        "seeds": list(arguments.seeds),
        "places": {share: [summary(run) for run in runs] for share, runs in found.items()},
        "shipped": summary(shared.of_start(VIEWS)),
        "steps": {
            camera: {key: steps(found, camera, key, shared.places) for key in COLUMNS} for camera in shared.validation
        },
    }
    arguments.results.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
