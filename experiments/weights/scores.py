"""Score the shipped weights on held-out places, beside every operator and the photograph itself.

python -m experiments.weights.scores --root HDR [--published ExpandNet=expandnet.safetensors ...] [--default]

One table for each camera, in `results/`: with the sets made for it, the other camera's, and other authors' published
weights if they are given (`twostage-hdr import-weights expandnet weights.pth expandnet.safetensors`); and
`results/any.json`, the default set beside the photograph and ExpandNet. `--default` scores nothing but these.
"""

import argparse
import json
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

from experiments.comparison.render import render_table
from experiments.comparison.training import refuse_uncommitted
from experiments.weights.rounds import SPLITS, run
from twostage_hdr.evaluation.results import read_results

HERE = Path(__file__).parent
SETS = {
    "random": ("two_stage", "two_stage_context", "two_stage_any"),
    "gamma": ("two_stage_gamma", "two_stage_gamma_context", "two_stage_any"),
}
"""Camera: the sets made for it; the paper's network first. `two_stage_any` is one for both, under the data's response:
estimated for unknown cameras, gamma 2.24 declared."""
PUBLISHED = "_published"
"""Ends the name of a row of other authors' weights."""
COMPARED = ("ldr", f"ExpandNet{PUBLISHED}")
"""Rows beside the default set in `results/any.json`."""
SEED = 0
"""Of the frozen cameras."""
DEFAULT = "two_stage_any"
KEPT = (
    "mu_psnr_aligned",
    "pu21_psnr",
    "crf_pu21_psnr",
    "delta_e",
    "stops_error_clipped",
    "stops_error_well_exposed",
)
"""Scores in `results/any.json`."""
DIGITS = 4


def score(camera: str, root: Path, published: Mapping[str, str], split: str, out: Path, default: bool) -> None:
    """One `twostage-hdr evaluate`."""
    own = (DEFAULT,) if default else SETS[camera]
    others = [name for of, names in SETS.items() if of != camera for name in names if name not in own]
    others = [] if default else others
    networks = {name: name for name in (*own[1:], *others)} | published
    arguments = [
        f"weights={own[0]}",
        "data=hdr_folder",
        f"data.root={root}",
        f"data.split_file={SPLITS}",
        f"camera={camera}",
        f"operators={str(not default).lower()}",
        "save_results=true",
        f"networks={{{', '.join(f'{title}: {weights!r}' for title, weights in networks.items())}}}",
        f"split={split}",
        f"seed={SEED}",
        f"hydra.run.dir={out}",
    ]
    run("evaluate", *arguments)


def keep(out: Path, root: Path, results: Path) -> None:
    """The figures, without the paths of this machine."""
    results.mkdir(parents=True, exist_ok=True)
    content = json.loads((out / "summary.json").read_text(encoding="utf-8"))
    content["facts"]["data"] = content["facts"]["data"].replace(str(root), root.resolve().name)
    for row in content["rows"]:
        row["title"] = row["title"].replace(PUBLISHED, ", published weights")
    text = json.dumps(content, indent=1, ensure_ascii=False) + "\n"
    (results / "summary.json").write_text(text, encoding="utf-8")
    shutil.copyfile(out / "per_image.csv", results / "per_image.csv")
    render_table(results)


def keep_default(evaluations: Mapping[str, Path], file: Path) -> None:
    """The default set's figures, and what they are compared with; what the file has of other cameras stays.

    Args:
        evaluations: camera -> folder.
        file: a .json.
    """
    content = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
    for camera, folder in evaluations.items():
        results = read_results(folder / "summary.json")
        content["what"] = (
            f"{results.facts['images']}; LDR input, ExpandNet's published weights and {DEFAULT} (response estimated "
            "for unknown cameras, 2.24 for gamma); per image, by the protocol of `evaluate`"
        )
        content["places"] = dict(results.rows[0].places)
        content.setdefault("cameras", {})[camera] = {
            row.name: {
                "mean": {key: round(row.scores[key].mean, DIGITS) for key in KEPT},
                "per_image": {
                    scene: {key: round(scores[key], DIGITS) for key in KEPT} for scene, scores in row.per_image.items()
                },
            }
            for row in results.rows
            if row.name in (*COMPARED, DEFAULT)
        }
    file.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--root", type=Path, required=True, help="folder of HDR images")
    parser.add_argument(
        "--published", nargs="+", default=[], metavar="NAME=WEIGHTS", help="other authors' weights, imported"
    )
    parser.add_argument("--split", default="test", choices=("val", "test"))
    parser.add_argument("--work", type=Path, help="keep all of the evaluations, images included, in this folder")
    parser.add_argument("--results", type=Path, default=HERE / "results")
    parser.add_argument("--default", action="store_true", help="the default set alone; --results/any.json")
    parser.add_argument("--cameras", nargs="+", default=list(SETS), choices=SETS)
    parser.add_argument("--uncommitted", action="store_true", help="allow sources with changes; the results say so")
    arguments = parser.parse_args()
    if not arguments.uncommitted:
        refuse_uncommitted()
    if arguments.split != "test" and arguments.results == HERE / "results":
        parser.error("--split val: give --results another folder; the project's own holds the test places' scores")
    published = {
        f"{name}{PUBLISHED}": weights for name, _, weights in (one.partition("=") for one in arguments.published)
    }
    with tempfile.TemporaryDirectory() as temporary:
        folders = {camera: (arguments.work or Path(temporary)) / camera for camera in arguments.cameras}
        for camera, out in folders.items():
            score(camera, arguments.root, published, arguments.split, out, arguments.default)
            if not arguments.default:
                keep(out, arguments.root, arguments.results / camera)
        keep_default(folders, arguments.results / "any.json")


if __name__ == "__main__":
    main()
