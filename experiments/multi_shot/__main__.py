"""Several exposures or one: a table at rest and in motion, and pictures of scenes in motion.

python -m experiments.multi_shot --root HDR --splits FILE [--networks TITLE=WEIGHTS ...] [--pictures]

Rows that `results` holds already are kept: delete its files to score them again.
"""

import argparse
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from experiments.comparison.paired_difference import paired_difference
from experiments.comparison.training import refuse_uncommitted
from experiments.multi_shot.brackets import bracket, camera, scenes_of
from experiments.multi_shot.methods import AlignedNetwork, OpenCvMerge, OurMerge, mertens_psnr
from experiments.multi_shot.pictures import write_pictures
from twostage_hdr.cli.run_directory import commit
from twostage_hdr.data.hdr_folder import HdrFolderSource
from twostage_hdr.data.scene import Scene
from twostage_hdr.data.splits import spread_over_groups
from twostage_hdr.evaluation.method_row import MethodRow
from twostage_hdr.evaluation.methods import LdrIdentity, Method, NetworkMethod
from twostage_hdr.evaluation.protocol import COLUMNS
from twostage_hdr.evaluation.results import Results, read_results, write_results
from twostage_hdr.evaluation.run import evaluate
from twostage_hdr.evaluation.saved_results import file_name
from twostage_hdr.evaluation.summarise import summarise
from twostage_hdr.evaluation.tables import TableStyle, markdown_table
from twostage_hdr.inference.reconstruct import ReconstructOptions, load_reconstructor
from twostage_hdr.inference.weights import default_weights, load_weights
from twostage_hdr.radiometry.gamma import HDM_GAMMA

SHOWN = [column for column in COLUMNS if column.key in ("psnr", "mu_psnr", "pu21_psnr", "stops_error_clipped")]
MERGE = "merge_3"
"""The row that the others are compared with."""
OPENCV = ("Debevec", "Robertson")
KINDS = {"static": "At rest", "motion": "In motion"}
MERTENS = "Mertens, PSNR of the fusion in motion against that at rest (no scale of light, so no row)"


def methods(networks: Sequence[str]) -> list[Method]:
    """The reference frame and single-shot weights on it, merges, networks of several shots."""
    single = load_reconstructor(None, ReconstructOptions(device="cpu", precision="fp32", response=HDM_GAMMA))
    trained = (one.rpartition("=") for one in networks)
    return [
        LdrIdentity(title="reference frame"),
        NetworkMethod(
            network=load_weights(default_weights()), name="single", title="single shot, default", response=HDM_GAMMA
        ),
        NetworkMethod(network=load_weights("two_stage_gamma"), name="single_gamma", title="single shot, this camera"),
        *(OpenCvMerge(name=kind, title=f"{kind}, response recovered", kind=kind) for kind in OPENCV),
        *(OpenCvMerge(name=f"{kind}_known", title=f"{kind}, response known", kind=kind, known=True) for kind in OPENCV),
        OurMerge(name="merge_2", title="our merge, 2 frames", count=2, reconstructor=single),
        OurMerge(name=MERGE, title="our merge, 3 frames", count=3, reconstructor=single),
        *(
            AlignedNetwork(network=load_weights(weights), name=file_name(title), title=title)
            for title, _, weights in trained
        ),
    ]


def table(kinds: dict[str, Results]) -> str:
    """Markdown: of each kind the scores, then what sets each method apart from our merge."""
    style = TableStyle(std=False, interval=True, cost=False)
    lines = []
    for kind, (rows, _, facts) in kinds.items():
        lines += [f"## {KINDS[kind]}", "", markdown_table(rows, SHOWN, style)]
        lines += [
            f"| less our merge of 3 frames | {' | '.join(column.heading for column in SHOWN)} |",
            "|---" * 5 + "|",
        ]
        for row in rows:
            cells = [difference(rows, row, column.key) for column in SHOWN]
            lines += [f"| {row.title} | {' | '.join(cells)} |"] if row.name != MERGE else []
        lines += ["", *(f"- {name}: {text}" for name, text in facts.items()), ""]
    return "\n".join(lines)


def difference(rows: Sequence[MethodRow], row: MethodRow, key: str) -> str:
    """A cell: mean [low, high]."""
    merge = next(other for other in rows if other.name == MERGE)
    own, others = ([{scene: scores[key] for scene, scores in one.per_image.items()}] for one in (row, merge))
    found = paired_difference(own, others, row.places)
    return "–" if found is None else f"{found.mean:+.2f} [{found.low:+.2f}, {found.high:+.2f}]"


def score(kind: str, source: HdrFolderSource, scenes: Sequence[Scene], compared: Sequence[Method], file: Path) -> None:
    """Scores what the file does not hold yet, and writes it again."""
    known, _, facts = read_results(file) if file.is_file() else Results([], [], {})
    names = {row.name for row in known}
    missing = [method for method in compared if method.name not in names]
    places = {scene.id: scene.group for scene in scenes}
    facts["data"] = f"{len(scenes)} scenes of {len(set(places.values()))} places"
    facts["version"] = ", ".join(dict.fromkeys([*facts.get("version", commit()).split(", "), commit()]))
    if kind == "motion" and MERTENS not in facts:
        pairs = ([bracket(source, scene, motion=motion) for motion in (False, True)] for scene in scenes)
        facts[MERTENS] = f"{np.mean([mertens_psnr(*pair) for pair in pairs]):.2f} dB"
    taken = (bracket(source, scene, motion=kind == "motion") for scene in scenes)
    with tempfile.TemporaryDirectory() as folder:
        new = evaluate(missing, taken, Path(folder), places=places, progress=tell) if missing else []
        place = {method.name: number for number, method in enumerate(compared)}
        rows = [*known, *(row for row in new if row.name not in names)]
        rows.sort(key=lambda row: place.get(row.name, len(place)))
        write_results(Path(folder), summarise(rows, COLUMNS), COLUMNS, facts)
        shutil.copyfile(Path(folder) / "summary.json", file)


def tell(scene: str, title: str, done: int) -> None:
    """A line for each result."""
    print(done, scene, title, flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--root", required=True, help="folder of HDR images")
    parser.add_argument("--splits", type=Path, required=True)
    parser.add_argument("--part", default="test", choices=("val", "test"))
    parser.add_argument("--scenes", type=int, default=1000, help="so many, of as many places as there are")
    parser.add_argument("--networks", nargs="*", default=[], metavar="TITLE=WEIGHTS")
    parser.add_argument("--kinds", nargs="*", default=list(KINDS), choices=KINDS, help="what is scored now")
    parser.add_argument("--pictures", action="store_true", help="draw scenes in motion, too")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "results")
    parser.add_argument("--uncommitted", action="store_true", help="allow sources with changes")
    arguments = parser.parse_args()
    if not arguments.uncommitted:
        refuse_uncommitted()
    source = HdrFolderSource(root=arguments.root, camera=camera(motion=False))
    every = scenes_of(source, arguments.splits, arguments.part)
    scenes = [every[place] for place in spread_over_groups(every, arguments.scenes)]
    arguments.out.mkdir(parents=True, exist_ok=True)
    compared, files = methods(arguments.networks), {kind: arguments.out / f"{kind}.json" for kind in KINDS}
    for kind in arguments.kinds:
        score(kind, source, scenes, compared, files[kind])
    text = table({kind: read_results(file) for kind, file in files.items() if file.is_file()})
    (arguments.out / "table.md").write_text(text, encoding="utf-8")
    print(text)
    if arguments.pictures:
        write_pictures(arguments.out, source, scenes, compared)


if __name__ == "__main__":
    main()
