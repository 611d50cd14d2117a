"""Crops of an evaluation's methods side by side: exposures, tone-mapped, and differences from the reference in stops.

python -m experiments.figure5_gallery.gallery OUT --evaluation DIR            DIR: evaluate ... save_results=true
python -m experiments.figure5_gallery.gallery OUT -- weights=W data=hdr_folder data.root=PATH operators=true
"""

import argparse
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from experiments.figure5_gallery.crop import ChosenCrop, Crop, choose_crop
from experiments.figure5_gallery.evaluated_scene import EvaluatedScene, load_scene
from experiments.figure5_gallery.gallery_figure import gallery_figure, write_picture
from experiments.figure5_gallery.pane_row import PaneRow, difference_row, exposure_row, tone_mapped_row
from twostage_hdr.errors import InputError
from twostage_hdr.evaluation.gain_alignment import aligned
from twostage_hdr.evaluation.method_row import MethodRow
from twostage_hdr.evaluation.methods import NetworkMethod
from twostage_hdr.evaluation.protocol import reference_cap
from twostage_hdr.evaluation.results import Results, read_results
from twostage_hdr.evaluation.saved_results import LDR, REFERENCE, SavedResults, file_name
from twostage_hdr.imaging.preview import eight_bit
from twostage_hdr.inference.weights import load_weights
from twostage_hdr.networks.two_stage import TwoStageNetwork

FRAME, TRUTH = "frame", "reference"
SHOWN_WITHOUT_NETWORK = 2
"""Operators and folders that a picture shows beside the networks when nobody chose."""

FITTING = 9
"""Methods that fit side by side in print."""


def main(arguments: Sequence[str] | None = None) -> None:
    options = parse(arguments)
    options.out.mkdir(parents=True, exist_ok=True)
    folder = options.evaluation or evaluated(options.settings, options.out / "evaluation")
    results, saved = read_results(folder / "summary.json"), SavedResults(folder / "results")
    rows = shown_methods(results, options.methods)
    stage_one = first_stage(options.stages) if options.stages else None
    for scene, chosen in chosen_crops(saved, list(results.rows[0].per_image), options):
        loaded = load_scene(saved, scene, [row.name for row in rows], cap=reference_cap(results.facts))
        figure = draw(loaded, rows, chosen.crop, options.stops, stage_one)
        picture = options.out / f"{file_name(scene)}.jpg"
        write_picture(picture, figure)
        print(f"{picture}  crop {scene}:{chosen.crop.top},{chosen.crop.left}")


def shown_methods(results: Results, asked: Sequence[str] = ()) -> list[MethodRow]:
    """The rows that a picture shows: those asked for, in that order; else the frame, all networks and the best others.

    Raises:
        InputError: an unknown name.
    """
    known = {row.name: row for row in results.rows}
    for name in asked:
        if name not in known:
            raise InputError(f"--methods {name}", "not in the evaluation", f"choose from {', '.join(known)}")
    if asked:
        return [known[name] for name in asked]
    networks = [row for row in results.rows if row.parameters is not None]
    others = [row for row in results.rows if row.parameters is None and row.name != LDR]
    others.sort(key=lambda row: -row.scores["pu21_psnr"].mean if "pu21_psnr" in row.scores else 0.0)
    return [*(row for row in results.rows if row.name == LDR), *networks, *others[:SHOWN_WITHOUT_NETWORK]][:FITTING]


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path, help="folder for the pictures")
    parser.add_argument("--evaluation", type=Path, help="folder of an evaluation with saved results")
    parser.add_argument("--methods", nargs="+", default=[], help="rows to show [default: all networks, best operators]")
    parser.add_argument("--stages", metavar="W", help="two-stage weights whose first stage's output gets a column")
    parser.add_argument("--scenes", nargs="+", default=[], help="scenes to show [default: where clipping took most]")
    parser.add_argument("--count", type=int, default=3, help="scenes to show when none is named")
    parser.add_argument("--crop", nargs="+", default=[], metavar="SCENE:TOP,LEFT", help="instead of the chosen ones")
    parser.add_argument("--side", type=int, default=128, help="of a crop, px")
    parser.add_argument("--stops", nargs="+", type=float, default=[0, -2, -4])
    parser.epilog = "after --: settings of `twostage-hdr evaluate`, which is then run first"
    given = list(sys.argv[1:] if arguments is None else arguments)
    split = given.index("--") if "--" in given else len(given)
    options = parser.parse_args(given[:split], argparse.Namespace(settings=given[split + 1 :]))
    if (options.evaluation is None) == (not options.settings):
        parser.error("give either --evaluation DIR or, after --, the settings of an evaluation")
    return options


def evaluated(settings: Sequence[str], folder: Path) -> Path:
    command = [sys.executable, "-m", "twostage_hdr", "evaluate", *settings, "save_results=true"]
    if subprocess.run([*command, f"hydra.run.dir={folder}"], check=False).returncode:
        raise SystemExit("the evaluation failed; see above")
    return folder


def chosen_crops(
    saved: SavedResults, scenes: Sequence[str], options: argparse.Namespace
) -> list[tuple[str, ChosenCrop]]:
    """The named crops and scenes, or those of the most interest."""
    given = dict(text.rsplit(":", 1) for text in options.crop)
    for scene in [*given, *options.scenes]:
        if scene not in scenes:
            raise SystemExit(f"{scene}: not in the evaluation; choose from {', '.join(scenes)}")
    found = []
    for scene in [*given, *options.scenes] or scenes:
        if scene in given:
            top, left = (int(number) for number in given[scene].split(","))
            found.append((scene, ChosenCrop(Crop(top, left, options.side, options.side), np.inf)))
        else:
            found.append((scene, choose_crop(saved.frame(scene), saved.linear(REFERENCE, scene), options.side)))
    if given or options.scenes:
        return found
    ranked = sorted(found, key=lambda pair: -pair[1].interest)[: options.count]
    return [pair for pair in ranked if pair[1].interest > 0]


def first_stage(weights: str) -> NetworkMethod:
    network = load_weights(weights)
    if not isinstance(network, TwoStageNetwork):
        raise SystemExit(f"--stages {weights}: {type(network).__name__} has no first stage; give two-stage weights")
    return NetworkMethod(network=network.enhancement, name="stage_one", title="after stage I")


def draw(
    scene: EvaluatedScene,
    rows: Sequence[MethodRow],
    crop: Crop,
    stops: Sequence[float],
    stage_one: NetworkMethod | None,
):
    images = {headed(row, scene.name): crop.of(scene.results[row.name]) for row in rows}
    if stage_one:
        output = stage_one.reconstruct(scene.frame, scene=scene.name)
        after = {stage_one.title: crop.of(aligned(output, scene.frame, scene.reference))}
        first = 1 if rows[0].name == LDR else 0
        images = dict([*list(images.items())[:first], *after.items(), *list(images.items())[first:]])
    images[TRUTH] = crop.of(scene.reference)
    shown = [tone_mapped_row(images, TRUTH), *(exposure_row(images, stop) for stop in stops)]
    whole = framed(scene.frame, crop)
    shown[0] = PaneRow(label=shown[0].label, panes={**shown[0].panes, FRAME: whole})
    return gallery_figure(
        [*shown, difference_row(images, TRUTH)], [FRAME, *images], title=f"{scene.name} (PU21-PSNR in dB)"
    )


def headed(row: MethodRow, scene: str) -> str:
    score = row.per_image[scene].get("pu21_psnr")
    return row.title if score is None else f"{row.title}\n{score:.1f} dB"


def framed(frame: torch.Tensor, crop: Crop) -> np.ndarray:
    """The whole frame with the crop's outline."""
    pixels, thick = eight_bit(frame), max(2, frame.shape[-1] // 150)
    inside = np.zeros(pixels.shape[:2], dtype=bool)
    inside[crop.top : crop.top + crop.height, crop.left : crop.left + crop.width] = True
    inside[crop.top + thick : crop.top + crop.height - thick, crop.left + thick : crop.left + crop.width - thick] = (
        False
    )
    pixels[inside] = (255, 220, 0)
    return pixels


if __name__ == "__main__":
    try:
        main()
    except InputError as error:
        sys.exit(f"error: {error}")
