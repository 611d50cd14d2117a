"""The last rounds of the default set: branch and context together, from several seeds, judged on the validation places.

python -m experiments.weights.long_rounds --root HDR --out RUNS --start W prepare
python -m experiments.weights.long_rounds --root HDR --out RUNS --start W run 0
python -m experiments.weights.long_rounds --root HDR --out RUNS --start W judge --best FILE

`prepare` photographs the views and runs the two stages on them; a run's argument is its seed, and runs may go side by
side; `judge` scores what lies in RUNS: the start, every run, the mean of the weights of all runs, and the middle
between each of these and the start; the best is the one whose gain is surest. Results as data in
`results/long_rounds.json`.
"""

import argparse
import json
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import cache
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import torch
from hydra.utils import instantiate
from lightning.pytorch.callbacks import RichProgressBar
from omegaconf import DictConfig

from experiments.comparison.paired_difference import paired_difference
from experiments.weights.kept_frames import COLUMNS, ValidationFrame, means, scores, validation_frames
from experiments.weights.patch_training import BATCH, Weights, learnt, mean_of, settings, trained
from experiments.weights.patch_views import KeptPatches
from experiments.weights.rounds import SPLITS
from twostage_hdr.cli.termination import quiet_lightning
from twostage_hdr.data.scene import Scene
from twostage_hdr.imaging.atomic import atomic_path
from twostage_hdr.inference.engine import Engine
from twostage_hdr.inference.weights import load_weights, save_weights
from twostage_hdr.networks.two_stage_whole_frame import TwoStageWholeFrameNetwork

HERE = Path(__file__).parent
KEPT = 40
"""Views of an image."""
UPDATES = 1500
"""Of a run."""
START = "start"
CHOOSE = COLUMNS[:2]
"""The scores by which weights are chosen."""


def network_of(weights: str) -> TwoStageWholeFrameNetwork:
    """A whole-frame set."""
    network = load_weights(weights)
    assert isinstance(network, TwoStageWholeFrameNetwork)
    return network


def kept_patches(
    arguments: argparse.Namespace, config: DictConfig, start: TwoStageWholeFrameNetwork
) -> tuple[KeptPatches, Sequence[Scene]]:
    """The folder of views, and the training images."""
    data = instantiate(config.data)
    kept = KeptPatches(arguments.out / "patches", data.source, arguments.kept, config.module.declared, start)
    return kept, data.part("train")


def prepare(arguments: argparse.Namespace) -> None:
    """Views, and what the two stages make of them, where they are missing."""
    start = network_of(arguments.start)
    kept, scenes = kept_patches(arguments, settings(arguments.root, arguments.splits), start)
    kept.keep(scenes, arguments.processes)
    engine = Engine(network=start.two_stage, device=arguments.device, precision="auto")
    for number, scene in enumerate(scenes, 1):
        kept.keep_two_stages(scene, engine)
        print(f"{number} of {len(scenes)} images", flush=True)


def run(arguments: argparse.Namespace) -> None:
    """One run, once; its weights."""
    file = arguments.out / f"long_{arguments.seed}.pt"
    if file.exists():
        return
    config, start = settings(arguments.root, arguments.splits), network_of(arguments.start)
    kept, scenes = kept_patches(arguments, config, start)
    parts = [kept.of(scene) for scene in scenes]
    weights = trained(
        config,
        {name: torch.cat([part[name] for part in parts]).to(arguments.device) for name in parts[0]},
        start,
        updates=arguments.updates,
        batch_size=arguments.batch,
        seed=arguments.seed,
        device=arguments.device,
        callbacks=(RichProgressBar(),),
    )
    with atomic_path(file) as temporary:
        torch.save(weights, temporary)


def candidates(out: Path, start: TwoStageWholeFrameNetwork) -> dict[str, Weights]:
    """By name: what is judged."""
    files = sorted(out.glob("long_*.pt"))
    found = {file.stem.replace("long_", "seed "): torch.load(file, weights_only=True) for file in files}
    if len(found) > 1:
        found[f"mean of {len(found)} seeds"] = mean_of(found)
    halfway = {f"{name}, half-way": mean_of({name: each, START: learnt(start)}) for name, each in found.items()}
    return {START: learnt(start), **found, **halfway}


def with_weights(start: str, weights: Weights) -> TwoStageWholeFrameNetwork:
    """The start with another branch and context."""
    network = network_of(start)
    network.branch.load_state_dict(weights["branch"])
    network.context.load_state_dict(weights["context"])
    return network


@dataclass(frozen=True)
class Validation:
    """The validation frames, which every process that scores reads once.

    Attributes:
        root: of the images.
        folder: that keeps the frames.
        start: the set whose two stages and curve they have.
        splits: which images validate.
    """

    root: Path
    folder: Path
    start: str
    splits: Path

    def scored(self, task: tuple[str, Weights]) -> dict[str, dict[str, float]]:
        """image -> scores of branch and context, by one camera."""
        camera, weights = task
        network = with_weights(self.start, weights).eval()
        return {str(frame.triple.scene): scores(network, frame) for frame in frames_of(self)[camera]}


@cache
def frames_of(validation: Validation) -> Mapping[str, Sequence[ValidationFrame]]:
    """By camera."""
    start = network_of(validation.start)
    return validation_frames(validation.root, validation.folder, start, validation.splits)


def compared(rows: Mapping[str, Any], places: Mapping[str, str]) -> dict[str, Any]:
    """Means, and differences to the start with 95 % intervals by place."""
    table: dict[str, Any] = {}
    for name, cameras in rows.items():
        table[name] = {camera: {"mean": means(images)} for camera, images in cameras.items()}
        for camera, images in cameras.items():
            for key in COLUMNS:
                after, before = (
                    {scene: row[key] for scene, row in some.items()} for some in (images, rows[START][camera])
                )
                found = paired_difference([after], [before], places)
                if found and name != START:
                    ends = [round(value, 3) for value in (found.mean, found.low, found.high)]
                    table[name][camera].setdefault("to the start", {})[key] = ends
    return table


def worth(cameras: Mapping[str, Any]) -> float:
    """What chooses: the gain over the start that is sure, dB.

    The lower end of the 95 % interval, the mean over cameras of PU21-PSNR with and without correction of tone curves;
    0 for the start, so that it stays where nothing is surely better.
    """
    ends = [row["to the start"][key][1] if "to the start" in row else 0.0 for row in cameras.values() for key in CHOOSE]
    return float(sum(ends) / len(ends))


def judge(arguments: argparse.Namespace) -> None:
    """Scores, a table, and with --best the weights that score best."""
    validation = Validation(arguments.root, arguments.out / "validation", arguments.start, arguments.splits)
    cameras, some = list(frames_of(validation)), candidates(arguments.out, network_of(arguments.start))
    tasks = [(camera, one) for one in some.values() for camera in cameras]
    spawn = get_context("spawn")
    with ProcessPoolExecutor(
        arguments.processes, mp_context=spawn, initializer=torch.set_num_threads, initargs=(1,)
    ) as pool:
        found = list(pool.map(validation.scored, tasks))
    rows = {name: dict(zip(cameras, found[place * len(cameras) :], strict=False)) for place, name in enumerate(some)}
    data = instantiate(settings(arguments.root, arguments.splits).data)
    table = compared(rows, {scene.id: scene.group for scene in data.part("val")})
    best = max(table, key=lambda name: worth(table[name]))
    for name, row in table.items():
        print(f"{name:32} {worth(row):.3f}" + (" <- best" if name == best else ""), json.dumps(row))
    content = {"columns": COLUMNS, "best": best, "validation": table}
    arguments.results.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    if arguments.best:
        save_weights(arguments.best, with_weights(arguments.start, some[best]))


def main(given: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--root", type=Path, required=True, help="folder of HDR images")
    parser.add_argument("--out", type=Path, required=True, help="folder for views and runs")
    parser.add_argument("--start", default="two_stage_any", help="the set that the runs start from [two_stage_any]")
    parser.add_argument("--splits", type=Path, default=SPLITS, help="which images train and validate")
    parser.add_argument("--device", default="cpu", help="that trains: cpu, cuda")
    parser.add_argument("--processes", type=int, default=1, help="that photograph, or score")
    parser.add_argument("--kept", type=int, default=KEPT, help="views of an image")
    verbs = parser.add_subparsers(required=True)
    verbs.add_parser("prepare").set_defaults(do=prepare)
    one = verbs.add_parser("run")
    one.add_argument("seed", type=int, help="of dropout and order")
    one.add_argument("--updates", type=int, default=UPDATES)
    one.add_argument("--batch", type=int, default=BATCH, help="views of an update")
    one.set_defaults(do=run)
    last = verbs.add_parser("judge")
    last.add_argument("--best", type=Path, help="a .safetensors for the best")
    last.add_argument("--results", type=Path, default=HERE / "results" / "long_rounds.json")
    last.set_defaults(do=judge)
    arguments = parser.parse_args(given)
    torch.set_num_threads(1)
    quiet_lightning()
    arguments.out.mkdir(parents=True, exist_ok=True)
    arguments.do(arguments)


if __name__ == "__main__":
    main()
