"""The part that is ours: what is handed to the program, and what becomes of its answer."""

import os
import shutil
import stat
import sys
from pathlib import Path

import pytest
import torch

from tests.refusal import refusal_of
from twostage_hdr.data.triple import Triple
from twostage_hdr.evaluation.color_video_vdp import FACT, ColorVideoVdp, add_jod, aligned_pair, read_scores
from twostage_hdr.evaluation.methods import OperatorMethod
from twostage_hdr.evaluation.protocol import COLUMNS, JOD_COLUMN
from twostage_hdr.evaluation.results import read_results
from twostage_hdr.evaluation.run import evaluate
from twostage_hdr.evaluation.saved_results import SavedResults
from twostage_hdr.evaluation.tables import markdown_table

REAL = shutil.which(os.environ.get("CVVDP", "cvvdp"))

STAND_IN = """#!{python}
import csv, sys
import OpenImageIO
given = sys.argv[1:]
def after(flag):
    rest = given[given.index(flag) + 1:]
    return rest[: next((i for i, word in enumerate(rest) if word.startswith("--")), len(rest))]
print('[INFO] "ColorVideoVDP v9, ' + after("--display")[0] + '"', file=sys.stderr)
with open(after("--result")[0], "w") as file:
    file.write("test, reference, cvvdp\\n")
    for test, reference in zip(after("--test"), after("--ref")):
        a, b = (OpenImageIO.ImageBuf(name).get_pixels() for name in (test, reference))
        file.write(f"{{test}}, {{reference}}, {{10 - abs(a - b).mean() / 200}}\\n")
"""
"""10 minus the mean difference in units of white."""


def program(folder: Path, text: str = STAND_IN) -> str:
    path = folder / "cvvdp"
    path.write_text(text.format(python=sys.executable), encoding="utf-8")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return str(path)


def triples() -> list[Triple]:
    made = []
    for index in range(2):
        reference = torch.rand(3, 24, 20, generator=torch.Generator().manual_seed(index)) * 1.6 + 0.05
        ldr = (reference.clamp(max=1) * 255).round() / 255
        made.append(Triple(ldr, reference.clamp(max=1), reference, f"scene{index}", torch.tensor(1.0)))
    return made


@pytest.fixture
def evaluation(tmp_path: Path) -> Path:
    double = OperatorMethod(operator=lambda ldr: 400 * ldr**2.24, name="double", title="Double")
    evaluate([double], triples(), tmp_path, visit=SavedResults(tmp_path / "results").save)
    return tmp_path


def test_a_pair_is_in_candelas_and_gain_aligned(evaluation: Path) -> None:
    saved = SavedResults(evaluation / "results")
    wanted, reference = aligned_pair(saved, "ldr", "scene0")
    doubled, _ = aligned_pair(saved, "double", "scene0")
    torch.testing.assert_close(doubled, wanted, rtol=2e-3, atol=1e-2)
    torch.testing.assert_close(reference, 200 * triples()[0].reference16 ** 2.24, rtol=1e-3, atol=1e-3)


def test_until_the_program_has_run_there_is_no_column(evaluation: Path) -> None:
    results = read_results(evaluation / "summary.json")
    assert "ColorVideoVDP" not in markdown_table(results.rows, results.columns)


def test_scores_come_back_into_their_rows_and_the_others_stay_not_run(evaluation: Path) -> None:
    before = read_results(evaluation / "summary.json")
    saved = SavedResults(evaluation / "results")
    after = add_jod(before, saved, ColorVideoVdp(program=program(evaluation)), ["ldr"])
    test, reference = aligned_pair(saved, "ldr", "scene1")
    expected = 10 - float((test - reference).abs().mean()) / 200
    assert after.rows[0].per_image["scene1"]["jod"] == pytest.approx(expected, abs=1e-4)
    assert after.rows[0].scores["jod"].images == 2
    assert after.rows[0].scores["psnr"].mean == before.rows[0].scores["psnr"].mean
    assert "jod" not in after.rows[1].scores
    assert [column.key for column in after.columns] == [column.key for column in (*COLUMNS, JOD_COLUMN)]
    assert after.facts[FACT] == "ColorVideoVDP v9, standard_hdr_linear"


def test_a_missing_program_is_told_with_the_cure(evaluation: Path) -> None:
    results, saved = read_results(evaluation / "summary.json"), SavedResults(evaluation / "results")
    with refusal_of(f"cvvdp={evaluation / 'nowhere'}", "pip install cvvdp torchvision"):
        add_jod(results, saved, ColorVideoVdp(program=str(evaluation / "nowhere")))
    with refusal_of("methods", "'dubble'", "ldr, double"):
        add_jod(results, saved, ColorVideoVdp(program="x"), ["dubble"])


def test_a_program_named_from_the_working_folder_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program(tmp_path)
    monkeypatch.chdir(tmp_path)
    image = torch.full((3, 8, 8), 100.0)
    assert ColorVideoVdp(program="./cvvdp").score([(image, image), (3 * image, image)]).scores == [10, 9]


def test_a_program_that_gives_up_is_quoted(tmp_path: Path) -> None:
    image = torch.ones(3, 8, 8)
    silent = program(tmp_path, "#!/bin/sh\necho 'no such display' >&2\n")
    with refusal_of(f"cvvdp={silent}", "exit code 0", "no such display"):
        ColorVideoVdp(program=silent).score([(image, image)])


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("test, reference, cvvdp\ntest0.exr, reference0.exr, 9.5\n", ["1 of 2"]),
        ("test, reference, cvvdp\ntest0.exr, reference0.exr", ["line 2", "2 values", "3 columns"]),
        ("nothing\n1\n", ["column test", "nothing"]),
    ],
)
def test_an_incomplete_answer_is_refused(text: str, seen: list[str], tmp_path: Path) -> None:
    (tmp_path / "scores.csv").write_text(text, encoding="utf-8")
    with refusal_of("scores.csv", *seen):
        read_scores(tmp_path / "scores.csv", 2)


@pytest.mark.slow
@pytest.mark.skipif(REAL is None, reason="needs the program cvvdp on the PATH or in $CVVDP")
def test_the_real_program_gives_10_to_equals_and_less_to_more_noise() -> None:
    assert REAL is not None
    draw = torch.Generator().manual_seed(0)
    image = torch.rand(3, 64, 64, generator=draw) * 300 + 20
    noise = torch.randn(3, 64, 64, generator=draw)
    tests = [image, image * (0.1 * noise).exp(), image * (0.4 * noise).exp()]
    same, some, more = ColorVideoVdp(program=REAL).score([(test, image) for test in tests]).scores
    assert same == pytest.approx(10, abs=1e-3)
    assert same > some > more
