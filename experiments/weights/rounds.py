"""Retrain the shipped weights: every round after the other, each from the weights of one before.

python -m experiments.weights.rounds --root HDR --out RUNS [--trainer gpu] [SETTING ...]

The same command goes on where it was stopped, and passes over rounds that are finished. At the end the sets lie in
RUNS as .safetensors; `--ship` puts them into the package in place of the ones there. `two_stage_any` gets three steps
after its round: the response is drawn to the mean (`response_shrinkage`), branch and context learn together
(`long_rounds`), and white is made neutral (`neutral_white`).
A SETTING, as `train` takes it, is added to every round: `trainer.max_epochs=1 data.patches_per_epoch=8` tries it out.
"""

import argparse
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from experiments.weights.highlight_units import add_highlight_units
from twostage_hdr.inference.weights import SHIPPED, load_weights, save_weights
from twostage_hdr.networks.two_stage import TwoStageNetwork

SPLITS = Path(__file__).parent / "splits.json"
"""Which places train, validate and test: the same for all rounds, and for the scores."""


@dataclass(frozen=True, kw_only=True)
class Round:
    """One run of `experiment=best`, or of another.

    Attributes:
        name: of its run folder.
        camera: group choice; all else is equal between cameras.
        start: the round, or the shipped set, whose weights it starts from.
        seed: of patches and cameras; another one for every round, so that no round repeats another's.
        settings: what differs from the experiment.
        experiment: its recipe.
        boost: what highlight units add at white, encoded, where the start gets them; see `highlight_units.py`.
    """

    name: str
    camera: str
    start: str
    seed: int
    settings: tuple[str, ...]
    experiment: str = "best"
    boost: float | None = None


def settings(learning_rate: float, epochs: int, *more: str) -> tuple[str, ...]:
    """What differs from the experiment in every round."""
    return (f"module.optimizer.lr={learning_rate}", f"trainer.max_epochs={epochs}", *more)


# The first round ends at a high rate: the branches go on from there. An average over weights that still move fast is
# worse than the last ones.
FIRST = settings(1e-3, 4, "module.schedule.floor=0.65", "callbacks=default")
BRANCH = settings(7e-4, 4, "module.schedule.warmup=50", "module.schedule.floor=0.25")
LAST = settings(5e-4, 4, "module.schedule.warmup=30", "callbacks.ema.decay=0.99", "data.patches_per_epoch=2080")
ROUNDS = (
    Round(name="random0", camera="random", start="demo", seed=0, settings=FIRST),
    Round(name="random1", camera="random", start="random0", seed=1, settings=BRANCH),
    Round(name="gamma1", camera="gamma", start="random0", seed=2, settings=BRANCH),
    Round(name="random2", camera="random", start="random1", seed=3, settings=LAST, boost=0.3),
    Round(name="gamma2", camera="gamma", start="gamma1", seed=4, settings=LAST, boost=0.4),
    Round(name="random_context", camera="random", start="random2", seed=6, settings=(), experiment="context"),
    Round(name="gamma_context", camera="gamma", start="gamma2", seed=7, settings=(), experiment="context"),
    Round(name="any", camera="random", start="gamma_context", seed=5, settings=(), experiment="whole_frame"),
)
SETS = {
    "two_stage": "random2",
    "two_stage_gamma": "gamma2",
    "two_stage_context": "random_context",
    "two_stage_gamma_context": "gamma_context",
    "two_stage_any": "any",
}
"""Shipped set: the round that it comes from."""
LONG_SEEDS = (0, 1, 2)
"""Of the last runs of `two_stage_any`."""
SHIPPED_TRAINER = {"best": "cpu_bf16", "context": "cpu", "whole_frame": "cpu"}
"""What the shipped sets' recipes were trained with."""


def start_of(one: Round, out: Path) -> str:
    """What the round starts from: a run, a shipped set, or a file beside the runs."""
    if one.boost is not None:
        return str(out / f"{one.name}_start.safetensors")
    return str(out / one.start) if one.start in {other.name for other in ROUNDS} else one.start


def command(
    one: Round,
    root: Path,
    out: Path,
    *,
    trainer: str | None = None,
    splits: Path = SPLITS,
    more: Sequence[str] = (),
) -> list[str]:
    """The `twostage-hdr train` of a round.

    Args:
        one: the round.
        root: of the images.
        out: of the runs.
        trainer: group choice; None for the one of the shipped sets.
        splits: which images train, validate and test.
        more: settings that come after the round's own.
    """
    return [
        "train",
        f"experiment={one.experiment}",
        f"trainer={trainer or SHIPPED_TRAINER[one.experiment]}",
        f"data.root={root}",
        f"data.split_file={splits}",
        f"camera={one.camera}",
        f"weights={start_of(one, out)}",
        f"seed={one.seed}",
        *one.settings,
        *more,
        "logger=csv",
        f"hydra.run.dir={out / one.name}",
    ]


def with_highlight_units(one: Round, out: Path) -> None:
    """Writes the start of a round that gets highlight units, once."""
    target = Path(start_of(one, out))
    if one.boost is not None and not target.exists():
        network = load_weights(out / one.start)
        assert isinstance(network, TwoStageNetwork)
        add_highlight_units(network, one.boost)
        save_weights(target, network)


def run(*arguments: str) -> None:
    """A verb of the command line, in a process of its own."""
    subprocess.run([sys.executable, "-m", "twostage_hdr", *arguments], check=True)


def step(name: str, *arguments: str) -> None:
    """Another script of this folder, in a process of its own."""
    subprocess.run([sys.executable, "-m", f"experiments.weights.{name}", *arguments], check=True)


def finish(name: str, out: Path, target: Path, root: Path, splits: Path, device: str) -> None:
    """Makes a set from the last round that it comes from."""
    last = str(out / SETS[name])
    if name != "two_stage_any":
        run("export", last, str(target), "--overwrite")
        return
    images = ["--root", str(root), "--splits", str(splits)]
    shrunk, best = (str(out / f"{name}_{made}.safetensors") for made in ("shrunk", "best"))
    step("response_shrinkage", *images, "--weights", last, "--out", shrunk)
    common = [*images, "--start", shrunk, "--out", str(out / "long"), "--device", device]
    step("long_rounds", *common, "prepare")
    for seed in LONG_SEEDS:
        step("long_rounds", *common, "run", str(seed))
    step("long_rounds", *common, "judge", "--best", best, "--results", str(out / "long" / "long_rounds.json"))
    step("neutral_white", "--weights", best, "--out", str(target))


def main(given: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("settings", nargs="*", metavar="SETTING", help="of every round, as `train` takes them")
    parser.add_argument("--root", type=Path, required=True, help="folder of HDR images")
    parser.add_argument("--out", type=Path, required=True, help="folder for the runs")
    parser.add_argument("--trainer", help="for all rounds, gpu for one [default: the shipped sets' own, on the CPU]")
    parser.add_argument("--splits", type=Path, default=SPLITS, help="of other images than the shipped sets'")
    parser.add_argument("--ship", action="store_true", help="replace the package's own sets")
    arguments = parser.parse_args(given)
    root, out, splits = arguments.root, arguments.out, arguments.splits
    device = "cuda" if (arguments.trainer or "").startswith("gpu") else "cpu"
    for one in ROUNDS:
        with_highlight_units(one, out)
        run(*command(one, root, out, trainer=arguments.trainer, splits=splits, more=arguments.settings))
    for name in SETS:
        finish(name, out, (SHIPPED if arguments.ship else out) / f"{name}.safetensors", root, splits, device)


if __name__ == "__main__":
    try:
        main()
    except subprocess.CalledProcessError as error:  # which has said why
        sys.exit(error.returncode)
