"""ColorVideoVDP [mantiuk2024cvvdp]: how different result and reference look to people, in JOD.

Its program needs another environment than this package (it brings torchvision), so it is run as a program, on saved
results.
"""

import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

import numpy as np

from twostage_hdr.boundary.refusal import as_input_error
from twostage_hdr.boundary.structured_text import read_csv
from twostage_hdr.errors import InputError
from twostage_hdr.evaluation.gain_alignment import aligned, cut_at
from twostage_hdr.evaluation.protocol import JOD_COLUMN, reference_cap
from twostage_hdr.evaluation.results import Results, read_results, write_results
from twostage_hdr.evaluation.saved_results import REFERENCE, SavedResults
from twostage_hdr.evaluation.summarise import summarise
from twostage_hdr.imaging.exr import write_exr
from twostage_hdr.radiometry.photometry import REFERENCE_CAP, WHITE
from twostage_hdr.radiometry.quantities import LinearRGB

DISPLAY = "standard_hdr_linear"
"""The program's display model for linear values in cd/m^2: 30 inches, 4K, peak 1500 cd/m^2, 10 lux, from 2 heights.

What is brighter than the peak looks the same to it: 7.5 times white, 2.9 stops above it."""

FACT = "ColorVideoVDP"
"""Key of the program's own description among a comparison's facts."""


class JodScores(NamedTuple):
    """JOD per pair (10: no visible difference), and what the program asks to be stated with them."""

    scores: list[float]
    description: str


@dataclass(frozen=True, kw_only=True)
class ColorVideoVdp:
    """The program `cvvdp` of another environment.

    Args:
        program: its path, or its name if it is on the PATH.
    """

    program: str

    def find(self) -> Path:
        """Where the program is.

        Raises:
            InputError: nowhere, or it may not be run.
        """
        found = shutil.which(self.program)
        if found is None:
            cure = "install it in an environment of its own: pip install cvvdp torchvision"
            raise InputError(f"cvvdp={self.program}", "no such program", cure)
        return Path(found).absolute()

    def score(self, pairs: Sequence[tuple[LinearRGB, LinearRGB]]) -> JodScores:
        """Scores of (result, reference) pairs of linear RGB in cd/m^2, (3, H, W) each.

        Raises:
            InputError: the program is missing, fails, or leaves a pair without a score.
        """
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            for number, pair in enumerate(pairs):
                for role, image in zip(("test", "reference"), pair, strict=True):
                    pixels = np.ascontiguousarray(image.float().permute(1, 2, 0).numpy())
                    write_exr(folder / f"{role}{number}.exr", pixels, half=False)
            tests, references = (
                [f"{role}{number}.exr" for number in range(len(pairs))] for role in ("test", "reference")
            )
            command = [str(self.find()), "--test", *tests, "--ref", *references]
            command += ["--display", DISPLAY, "--result", "scores.csv"]
            done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
            if done.returncode or not (folder / "scores.csv").is_file():  # of its own errors it returns 0
                last = (done.stderr.strip().splitlines() or ["nothing said"])[-1]
                raise InputError(f"cvvdp={self.program}", f"no scores, exit code {done.returncode}: {last}")
            scores = read_scores(folder / "scores.csv", len(pairs))
        described = [
            line.split('"')[1] for line in done.stderr.splitlines() if line.startswith('[INFO] "ColorVideoVDP')
        ]
        return JodScores(scores, described[0] if described else f"{self.program}, {DISPLAY}")


def read_scores(path: Path, count: int) -> list[float]:
    """The scores of a `cvvdp --result` file, one per `test<number>.exr`.

    Raises:
        InputError: no such file, or a pair without a number.
    """
    cure = "look whether this version of cvvdp runs by itself"
    lines = read_csv(path, ["test", "cvvdp"], cure=cure)
    with as_input_error(path, cure, "no scores of cvvdp"):
        found = {line["test"]: float(line["cvvdp"]) for line in lines}
    missing = [number for number in range(count) if f"test{number}.exr" not in found]
    if missing:
        raise InputError(path.name, f"cvvdp scored {len(found)} of {count} pairs", "run it again")
    return [found[f"test{number}.exr"] for number in range(count)]


def aligned_pair(
    saved: SavedResults, method: str, scene: str, cap: float = REFERENCE_CAP
) -> tuple[LinearRGB, LinearRGB]:
    """A saved result and its reference in cd/m^2, the result gain-aligned and capped as every compared score has it."""
    reference = saved.linear(REFERENCE, scene)
    result = aligned(saved.linear(method, scene), saved.frame(scene), reference, cap)
    return result * WHITE, cut_at(reference, cap) * WHITE


def add_jod(results: Results, saved: SavedResults, program: ColorVideoVdp, methods: Sequence[str] = ()) -> Results:
    """The results with a JOD column.

    Args:
        results: of the comparison that saved the images.
        saved: its images.
        program: see `ColorVideoVdp`.
        methods: names of the rows to score; none means all. The others keep what they have, which is "not run".

    Raises:
        InputError: an unknown row, an image that was not saved, or a program that fails.
    """
    names = [row.name for row in results.rows]
    for unknown in set(methods) - set(names):
        raise InputError("methods", f"no row {unknown!r}", f"there are {', '.join(names)}")
    rows, description, cap = [], "", reference_cap(results.facts)
    for row in results.rows:
        if methods and row.name not in methods:
            rows.append(row)
            continue
        jods, description = program.score([aligned_pair(saved, row.name, scene, cap) for scene in row.per_image])
        pairs = zip(row.per_image.items(), jods, strict=True)
        rows.append(replace(row, per_image={scene: {**known, JOD_COLUMN.key: jod} for (scene, known), jod in pairs}))
    columns = [*(column for column in results.columns if column.key != JOD_COLUMN.key), JOD_COLUMN]
    return Results(summarise(rows, columns), columns, {**results.facts, FACT: description})


def score_jod(evaluation: Path, program: str, *, methods: Sequence[str] = ()) -> Results:
    """Scores the saved results and writes summary and scores per image again.

    Args:
        evaluation: a folder of `evaluate` with `results/`.
        program: of ColorVideoVDP.
        methods: names of the rows to score; none means all.

    Raises:
        InputError: no saved results, or a program that is missing or fails.
    """
    before = read_results(evaluation / "summary.json")
    results = add_jod(before, SavedResults(evaluation / "results"), ColorVideoVdp(program=program), methods)
    write_results(evaluation, *results)
    return results
