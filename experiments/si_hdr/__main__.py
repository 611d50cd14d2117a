"""The SI-HDR benchmark, published rows beside ours.

python -m experiments.si_hdr SIHDR [--weights NAME ...] [--limit N] [--results DIR]

SIHDR: the folder that holds reference/ and input/ (and reconstructions/, if the set's own results are to be scored).
"""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from experiments.si_hdr.protocol import COLUMNS, Condition, condition, scores, square
from twostage_hdr.boundary.structured_text import read_csv
from twostage_hdr.data.paired import PairedSource
from twostage_hdr.errors import InputError
from twostage_hdr.evaluation.method_row import MethodRow, ScoreSummary
from twostage_hdr.evaluation.methods import FolderMethod, Method, NetworkMethod
from twostage_hdr.evaluation.results import write_results
from twostage_hdr.evaluation.summarise import summarise
from twostage_hdr.evaluation.tables import TableStyle, markdown_table
from twostage_hdr.inference.weights import load_weights
from twostage_hdr.radiometry.quantities import EncodedRGB, LinearRGB
from twostage_hdr.radiometry.srgb import srgb_decode

HERE = Path(__file__).parent
CLIPS = ("clip_95", "clip_97")
SCENES = 181
OURS = ["two_stage_any"]


@dataclass(frozen=True, kw_only=True, eq=False)
class SrgbInput(Method):
    """The frame itself, taken for sRGB."""

    name: str = "ldr"
    title: str = "LDR input"

    def reconstruct(self, ldr: EncodedRGB, *, scene: str) -> LinearRGB:
        return srgb_decode(ldr)


def methods(root: Path, clip: str, weights: Sequence[str]) -> list[Method]:
    """The input, networks, and the results that come with the set."""
    networks = [
        NetworkMethod(network=load_weights(name), name=Path(name).name, title=Path(name).name, device="auto")
        for name in weights
    ]
    folders = sorted((root / "reconstructions").glob(f"*/{clip}"))
    theirs = [
        FolderMethod(folder=each, name=each.parent.name, title=f"{each.parent.name}, the set's") for each in folders
    ]
    return [SrgbInput(), *networks, *theirs]


def result(method: Method, ldr: EncodedRGB, of: Condition, scene: str) -> LinearRGB:
    """On the square that is scored; a result from a file is cut as its reference is."""
    if isinstance(method, FolderMethod):
        return square(method.reconstruct(ldr, scene=scene))
    return method.reconstruct(of.ldr, scene=scene)


def published(clip: str) -> list[MethodRow]:
    """The rows of `published.csv`."""
    rows = read_csv(HERE / "published.csv", ["clip", "name", "title", "images", "source"], cure="restore it")
    return [
        MethodRow(
            name=row["name"],
            title=f"{row['title']}, published",
            scores={
                column.key: ScoreSummary(
                    mean=float(row[column.key]), images=int(row["images"]), places=int(row["images"])
                )
                for column in COLUMNS
            },
            note=f"[{row['source']}]",
        )
        for row in rows
        if row["clip"] == clip
    ]


def measure(root: Path, clip: str, weights: Sequence[str], limit: int | None) -> list[MethodRow]:
    """One row per method, over all scenes of a clipping level."""
    source = PairedSource(
        root=str(root), ldr=f"input/{clip}/%.png", hdr="reference/%.exr", scale=1.0, aligned=False, cache_mb=0
    )
    compared = methods(root, clip, weights)
    per_image: dict[str, dict[str, dict[str, float]]] = {method.name: {} for method in compared}
    for scene in source.scenes()[:limit]:
        pair = source.pair(scene)
        of = condition(pair)
        for method in compared:
            per_image[method.name][scene.id] = scores(result(method, pair.ldr, of, scene.id), of)
        print(f"{clip} {scene.id}", flush=True)
    rows = [MethodRow(name=method.name, title=method.title, per_image=per_image[method.name]) for method in compared]
    return summarise(rows, COLUMNS)


def run(arguments: argparse.Namespace) -> None:
    """Scores both clipping levels and writes their tables."""
    for clip in CLIPS:
        measured = measure(arguments.root, clip, arguments.weights, arguments.limit)
        rows, out = [*measured, *published(clip)], arguments.results / clip
        facts = {"data": f"SI-HDR, {clip}", "images": f"{len(measured[0].per_image)} of {SCENES} scenes"}
        write_results(out, rows, COLUMNS, facts)
        table = markdown_table(rows, COLUMNS, TableStyle(std=False, bold=False))
        text = f"**{facts['data']}; our rows over {facts['images']}**\n\n{table}"
        (out / "table.md").write_text(text, encoding="utf-8")
        print(text)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("root", type=Path, help="the folder that holds reference/ and input/")
    parser.add_argument("--weights", nargs="*", default=OURS, help="shipped names, runs or weight files")
    parser.add_argument("--limit", type=int, help="only so many scenes")
    parser.add_argument("--results", type=Path, default=HERE / "results")
    arguments = parser.parse_args()
    try:
        run(arguments)
    except InputError as error:
        parser.exit(2, f"error: {error}\n")


if __name__ == "__main__":
    main()
