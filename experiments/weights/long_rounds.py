"""Does more training help the default set? Long runs from the shipped weights, judged on the validation places.

python -m experiments.weights.long_rounds --root HDR --out RUNS --device cuda --processes 16 prepare
python -m experiments.weights.long_rounds --root HDR --out RUNS --device cuda run together 0 --seconds 200
python -m experiments.weights.long_rounds --root HDR --out RUNS --processes 16 judge [--best FILE]

`prepare` photographs the views and runs the two stages on them; runs may go side by side; `judge` scores what lies in
RUNS: every run, the mean of the weights of all seeds of a kind, and the middle between each of these and the shipped
weights. Kinds of runs: see `patch_training`. Results as data in `results/long_rounds.json`.
"""

import argparse
import json
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import cache, partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import torch
from hydra.utils import instantiate

from experiments.comparison.paired_difference import paired_difference
from experiments.weights.branch_views import Views
from experiments.weights.kept_frames import COLUMNS, means, scores, validation_frames
from experiments.weights.patch_training import KINDS, Weights, mean_of, new_module, settings, trained
from experiments.weights.patch_views import KeptPatches
from twostage_hdr.cli.termination import quiet_lightning
from twostage_hdr.imaging.atomic import atomic_path
from twostage_hdr.inference.weights import load_weights, save_weights
from twostage_hdr.networks.two_stage_whole_frame import TwoStageWholeFrameNetwork

HERE = Path(__file__).parent
START = "two_stage_any"
KEPT = 120
"""Views of an image."""
MOST_UPDATES = 6000
SHIPPED = "shipped"


def start_network() -> TwoStageWholeFrameNetwork:
    """The shipped set."""
    network = load_weights(START)
    assert isinstance(network, TwoStageWholeFrameNetwork)
    return network


def prepare(arguments: argparse.Namespace) -> None:
    """Views, and what the two stages make of them, where they are missing."""
    config, start = settings(arguments.root), start_network()
    data = instantiate(config.data)
    kept = KeptPatches(arguments.out / "patches", data.source, arguments.kept, config.module.declared, start)
    kept.keep(data.part("train"), arguments.processes)
    start.to(arguments.device)
    for scene in data.part("train"):
        kept.keep_two_stages(scene, start, arguments.device)


def kept_views(arguments: argparse.Namespace) -> Views:
    """All of them, on the device, each part of them put together there."""
    config = settings(arguments.root)
    data = instantiate(config.data)
    kept = KeptPatches(arguments.out / "patches", data.source, arguments.kept, config.module.declared, start_network())
    parts = [kept.of(scene) for scene in data.part("train")]
    return {name: torch.cat([part[name].to(arguments.device) for part in parts]) for name in parts[0]}


def run(arguments: argparse.Namespace) -> None:
    """One long run; its weights and how many updates they took."""
    file = arguments.out / f"long_{arguments.kind}_{arguments.seed}.pt"
    if file.exists():
        return
    began = time.monotonic()
    start, config = start_network(), settings(arguments.root)
    views = kept_views(arguments)
    weights, updates = trained(
        partial(new_module, config, start, KINDS[arguments.kind]),
        start,
        views,
        seconds=arguments.seconds - (time.monotonic() - began),
        seed=arguments.seed,
        device=arguments.device,
        most=arguments.updates,
    )
    with atomic_path(file) as temporary:
        torch.save(weights, temporary)
    text = json.dumps({"updates": updates, "views": arguments.kept}) + "\n"
    file.with_suffix(".json").write_text(text, encoding="utf-8")
    print(f"{file.stem}: {updates} updates", flush=True)


def candidates(out: Path, start: TwoStageWholeFrameNetwork) -> dict[str, Weights]:
    """By name: what is judged."""
    shipped: Weights = {"branch": start.branch.state_dict(), "context": start.context.state_dict()}
    runs = {file.stem.removeprefix("long_"): torch.load(file, weights_only=True) for file in out.glob("long_*.pt")}
    found = dict(sorted(runs.items()))
    for kind in KINDS:
        seeds = {name: weights for name, weights in runs.items() if name.startswith(f"{kind}_")}
        if len(seeds) > 1:
            found[f"{kind}, mean of {len(seeds)} seeds"] = mean_of(seeds)
    halfway = {f"{name}, half-way": mean_of({name: each, SHIPPED: shipped}) for name, each in found.items()}
    return {SHIPPED: shipped, **found, **halfway}


def with_weights(weights: Weights) -> TwoStageWholeFrameNetwork:
    """The shipped set with another branch and context."""
    network = start_network()
    network.branch.load_state_dict(weights["branch"])
    network.context.load_state_dict(weights["context"])
    return network


def scored(root: Path, out: Path, task: tuple[str, Weights]) -> dict[str, dict[str, float]]:
    """image -> scores, on the validation frames of a camera."""
    camera, weights = task
    network = with_weights(weights).eval()
    return {str(frame.triple.scene): scores(network, frame) for frame in _frames(root, out)[camera]}


@cache
def _frames(root: Path, out: Path) -> Any:
    return validation_frames(root, out / "validation", start_network())


def compared(rows: Mapping[str, Any], places: Mapping[str, str]) -> dict[str, Any]:
    """Means, and differences to the shipped weights with 95 % intervals by place."""
    table: dict[str, Any] = {}
    for name, cameras in rows.items():
        table[name] = {camera: {"mean": means(images)} for camera, images in cameras.items()}
        for camera, images in cameras.items():
            for key in COLUMNS:
                after, before = (
                    {scene: row[key] for scene, row in some.items()} for some in (images, rows[SHIPPED][camera])
                )
                found = paired_difference([after], [before], places)
                if found and name != SHIPPED:
                    ends = [round(value, 3) for value in (found.mean, found.low, found.high)]
                    table[name][camera].setdefault("to shipped", {})[key] = ends
    return table


def worth(cameras: Mapping[str, Any]) -> float:
    """What chooses: the mean over cameras of PU21-PSNR with and without correction of tone curves, dB."""
    values = [cameras[camera]["mean"][key] for camera in cameras for key in COLUMNS[:2]]
    return float(sum(values) / len(values))


def judge(arguments: argparse.Namespace) -> None:
    """Scores, a table, and with --best the weights that score best."""
    some = candidates(arguments.out, start_network())
    tasks = [(camera, one) for one in some.values() for camera in _frames(arguments.root, arguments.out)]
    spawn = get_context("spawn")
    with ProcessPoolExecutor(
        arguments.processes, mp_context=spawn, initializer=torch.set_num_threads, initargs=(1,)
    ) as pool:
        found = list(pool.map(partial(scored, arguments.root, arguments.out), tasks))
    cameras = list(_frames(arguments.root, arguments.out))
    rows = {name: dict(zip(cameras, found[place * len(cameras) :], strict=False)) for place, name in enumerate(some)}
    data = instantiate(settings(arguments.root).data)
    table = compared(rows, {scene.id: scene.group for scene in data.part("val")})
    best = max(table, key=lambda name: worth(table[name]))
    for name, row in table.items():
        print(f"{name:32} {worth(row):.3f}" + (" <- best" if name == best else ""), json.dumps(row))
    runs = {
        file.stem: json.loads(file.read_text(encoding="utf-8")) for file in sorted(arguments.out.glob("long_*.json"))
    }
    content = {"columns": COLUMNS, "runs": runs, "best": best, "validation": table}
    arguments.results.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    if arguments.best:
        save_weights(arguments.best, with_weights(some[best]))


def main(given: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--root", type=Path, required=True, help="folder of HDR images")
    parser.add_argument("--out", type=Path, required=True, help="folder for views and runs")
    parser.add_argument("--device", default="cpu", help="that trains: cpu, cuda")
    parser.add_argument("--processes", type=int, default=1, help="that photograph, or score")
    parser.add_argument("--kept", type=int, default=KEPT, help="views of an image")
    verbs = parser.add_subparsers(required=True)
    verbs.add_parser("prepare").set_defaults(do=prepare)
    one = verbs.add_parser("run")
    one.add_argument("kind", choices=KINDS)
    one.add_argument("seed", type=int)
    one.add_argument("--seconds", type=float, default=3600.0, help="that the run may take")
    one.add_argument("--updates", type=int, default=MOST_UPDATES, help="at most, where there is time")
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
