"""Retrain the shipped weights: every round after the other, each from the weights of one before.

python experiments/weights/rounds.py --root HDR --out RUNS

The same command goes on where it was stopped, and passes over rounds that are finished. At the end the two sets lie in
RUNS as .safetensors; `--ship` puts them into the package in place of the ones there.
"""

import argparse
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from twostage_hdr.inference.weights import SHIPPED

SPLITS = Path(__file__).parent / "splits.json"
"""Which places train, validate and test: the same for all rounds, and for the scores."""


@dataclass(frozen=True, kw_only=True)
class Round:
    """One run of `experiment=best`.

    Attributes:
        name: of its run folder.
        camera: group choice; all else is equal between cameras.
        start: the round, or the shipped set, whose weights it starts from.
        seed: of patches and cameras; another one for every round, so that no round repeats another's.
        settings: what differs from the experiment.
    """

    name: str
    camera: str
    start: str
    seed: int
    settings: tuple[str, ...]


WARM_UP = (
    "module.optimizer.lr=1e-3",
    "module.schedule.warmup=200",
    "module.schedule.floor=0.65",  # stays high: the branches go on from there
    "trainer.max_epochs=4",
    "callbacks=default",  # an average over weights that still move fast is worse than the last ones
)
BRANCH = ("module.optimizer.lr=7e-4", "module.schedule.warmup=50", "trainer.max_epochs=6")
ROUNDS = (
    Round(name="random0", camera="random", start="demo", seed=0, settings=WARM_UP),
    Round(name="random1", camera="random", start="random0", seed=1, settings=BRANCH),
    Round(name="gamma1", camera="gamma", start="random0", seed=2, settings=BRANCH),
)
SETS = {"two_stage": "random1", "two_stage_gamma": "gamma1"}
"""Shipped set: the round that it comes from."""


def command(one: Round, root: Path, out: Path) -> list[str]:
    """The `twostage-hdr train` of a round."""
    names = {other.name for other in ROUNDS}
    return [
        "train",
        "experiment=best",
        f"data.root={root}",
        f"data.split_file={SPLITS}",
        f"camera={one.camera}",
        f"init_from={out / one.start if one.start in names else one.start}",
        f"seed={one.seed}",
        *one.settings,
        "logger=csv",
        f"hydra.run.dir={out / one.name}",
    ]


def run(*arguments: str) -> None:
    """A verb of the command line, in a process of its own."""
    subprocess.run([sys.executable, "-m", "twostage_hdr", *arguments], check=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--root", type=Path, required=True, help="folder of HDR images")
    parser.add_argument("--out", type=Path, required=True, help="folder for the runs")
    parser.add_argument("--ship", action="store_true", help="replace the package's own sets")
    arguments = parser.parse_args()
    for one in ROUNDS:
        run(*command(one, arguments.root, arguments.out))
    for name, last in SETS.items():
        target = (SHIPPED if arguments.ship else arguments.out) / f"{name}.safetensors"
        run("export", "safetensors", str(arguments.out / last), str(target), "--overwrite")


if __name__ == "__main__":
    main()
