"""Score the shipped weights on held-out places, beside every operator and the photograph itself.

python -m experiments.weights.scores --root HDR [--expandnet expandnet.safetensors]

One table for each camera, in `results/`: with the sets made for it, the other camera's, and ExpandNet's published
weights if they are given (`twostage-hdr import-weights expandnet weights.pth expandnet.safetensors`).
"""

import argparse
import json
import shutil
import tempfile
from pathlib import Path

from experiments.comparison.render import render_table
from experiments.comparison.training import refuse_uncommitted
from experiments.weights.rounds import SPLITS, run

HERE = Path(__file__).parent
SETS = {
    "random": ("two_stage", "two_stage_context", "two_stage_any"),
    "gamma": ("two_stage_gamma", "two_stage_gamma_context", "two_stage_any"),
}
"""Camera: the sets made for it; the paper's network first. `two_stage_any` is one for both, under the data's response:
estimated for unknown cameras, gamma 2.24 declared."""
EXPANDNET = "ExpandNet_published"
SEED = 0
"""Of the frozen cameras."""


def score(camera: str, root: Path, expandnet: Path | None, split: str, out: Path) -> None:
    """One `twostage-hdr evaluate`."""
    own = SETS[camera]
    others = [name for of, names in SETS.items() if of != camera for name in names if name not in own]
    networks = {name: name for name in (*own[1:], *others)} | ({EXPANDNET: str(expandnet)} if expandnet else {})
    arguments = [
        f"weights={own[0]}",
        "data=hdr_folder",
        f"data.root={root}",
        f"data.split_file={SPLITS}",
        f"camera={camera}",
        "operators=true",
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
        row["title"] = row["title"].replace(EXPANDNET, "ExpandNet, published weights")
    text = json.dumps(content, indent=1, ensure_ascii=False) + "\n"
    (results / "summary.json").write_text(text, encoding="utf-8")
    shutil.copyfile(out / "per_image.csv", results / "per_image.csv")
    render_table(results)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--root", type=Path, required=True, help="folder of HDR images")
    parser.add_argument("--expandnet", type=Path, help="ExpandNet's published weights, imported")
    parser.add_argument("--split", default="test", choices=("val", "test"))
    parser.add_argument("--work", type=Path, help="keep all of the evaluations, images included, in this folder")
    parser.add_argument("--results", type=Path, default=HERE / "results")
    parser.add_argument("--uncommitted", action="store_true", help="allow sources with changes; the results say so")
    arguments = parser.parse_args()
    if not arguments.uncommitted:
        refuse_uncommitted()
    if arguments.split != "test" and arguments.results == HERE / "results":
        parser.error("--split val: give --results another folder; the project's own holds the test places' scores")
    with tempfile.TemporaryDirectory() as temporary:
        for camera in SETS:
            out = (arguments.work or Path(temporary)) / camera
            score(camera, arguments.root, arguments.expandnet, arguments.split, out)
            keep(out, arguments.root, arguments.results / camera)


if __name__ == "__main__":
    main()
