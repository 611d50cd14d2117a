"""Each table's one command, on six small pictures and two updates."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from experiments.comparison.table import run
from experiments.table1_comparison.__main__ import TABLE as COMPARISON
from experiments.table1_comparison.rows import ROWS
from experiments.table2_ablation.__main__ import TABLES
from twostage_hdr.evaluation.results import read_results
from twostage_hdr.expansion.all_operators import ALL_OPERATORS

STAGES, PARTS = TABLES["stages"], TABLES["parts"]
TINY = ("--updates", "2", "--further", "1", "--validations", "1", "--batch", "2", "--crop", "16", "--pictures", "0")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "places"
    folder.mkdir()
    rng = np.random.default_rng(0)
    for place in range(6):
        coarse = np.exp(rng.normal(0, 2, size=(6, 8, 3))).astype(np.float32)
        cv2.imwrite(str(folder / f"{place}.hdr"), cv2.resize(coarse, (64, 48)))
    return folder


def options(root: Path, tmp_path: Path, *more: str) -> list[str]:
    places = ["--root", str(root), "--work", str(tmp_path / "work"), "--results", str(tmp_path / "results")]
    return [*places, *TINY, "--uncommitted", *more]


@pytest.mark.slow
def test_table_1_chooses_a_rate_then_has_a_row_over_its_seeds_the_operators_and_what_is_absent(
    root: Path, tmp_path: Path
) -> None:
    run(COMPARISON, "", options(root, tmp_path, "--rows", "expandnet", "--seeds", "2", "--jobs", "2"))
    results = read_results(tmp_path / "results" / "summary.json")
    names = [row.name for row in results.rows]
    assert names == ["ldr", "expandnet", *ALL_OPERATORS, *COMPARISON.absent]
    assert results.rows[1].parameters == 456_899
    assert results.rows[1].scores["mu_psnr"].std > 0  # the seeds differ
    kept = "".join(path.read_text() for path in (tmp_path / "results").rglob("*.*") if path.suffix != ".png")
    assert str(tmp_path) not in kept
    assert "HdrFolderSource, places" in kept
    rates = json.loads((tmp_path / "results" / "rates.json").read_text())["expandnet"]
    assert rates["rate"] == pytest.approx(7e-5 * rates["factor"])
    assert rates["tried"][f"{rates['factor']:g}"] == max(rates["tried"].values())
    runs = sorted(path.name for path in (tmp_path / "work" / "runs").iterdir())
    best = f"expandnet_x{rates['factor']:g}"
    assert runs == sorted(["expandnet_x1_seed0", "expandnet_x3_seed0", "expandnet_x10_seed0", f"{best}_seed1"])
    # One split and one set of frozen pictures for all seeds.
    splits = {(tmp_path / "work" / "runs" / f"{best}_seed{seed}" / "splits.json").read_text() for seed in (0, 1)}
    assert len(splits) == 1
    text = (tmp_path / "results" / "table.md").read_text()
    assert f"2 of {2 * len(ROWS)} trainings are done" in text  # one of the rows, with two seeds
    assert "**" not in text.split("\n\n", 1)[1]  # the title apart, nothing of a part of a table is bold


@pytest.mark.slow
def test_table_2_grows_without_what_an_earlier_session_left_but_its_records(root: Path, tmp_path: Path) -> None:
    run(STAGES, "", options(root, tmp_path, "--rows", "stage_two", "two_stage", "--seeds", "1"))
    record = tmp_path / "results" / "trainings" / "two_stage_seed0.json"
    before = record.read_text()
    assert json.loads(before)["curves"]["val/mu_psnr"][0][0] == 2.0
    (tmp_path / "work").rename(tmp_path / "gone")
    run(STAGES, "", options(root, tmp_path, "--rows", "stage_two", "sequential", "two_stage", "--seeds", "2"))
    assert record.read_text() == before
    runs = {path.name for path in (tmp_path / "work" / "runs").iterdir()}
    assert "two_stage_seed0" not in runs
    assert {"two_stage_seed1", "sequential_seed0", "enhancement_seed1"} <= runs
    results = read_results(tmp_path / "results" / "summary.json")
    assert [row.name for row in results.rows] == ["ldr", "stage_two", "two_stage", "enhancement", "sequential"]
    found = json.loads((tmp_path / "results" / "differences.json").read_text())
    others = {"stage_two": 2, "enhancement": 2, "sequential": 2}
    assert {one["row"]: one["seeds"] for one in found["two_stage"]} == others
    assert {one["row"]: one["seeds"] for one in found["ldr"]} == {**others, "two_stage": 2}
    means = {row.name: row.scores["pu21_psnr"].mean for row in results.rows}
    for less, of_less in found.items():
        stage_two = next(one for one in of_less if (one["row"], one["metric"]) == ("stage_two", "pu21_psnr"))
        assert stage_two["mean"] == pytest.approx(means["stage_two"] - means[less])
    text = (tmp_path / "results" / "differences.md").read_text()
    assert text.index("less Two-stage, simultaneous (paper)") < text.index("less LDR input")
    assert (tmp_path / "results" / "curves.png").is_file()
    log = (tmp_path / "work" / "runs" / "sequential_seed1" / "train.log").read_text()
    assert "enhancement_seed1" in log
    with pytest.raises(SystemExit, match="--results"):
        run(STAGES, "", [*options(root, tmp_path, "--rows", "stage_two", "--seeds", "1"), "--updates", "4"])


@pytest.mark.slow
def test_a_part_starts_from_the_papers_row_of_its_seed(root: Path, tmp_path: Path) -> None:
    run(PARTS, "", options(root, tmp_path, "--rows", "continued", "without_gan", "--seeds", "1"))
    kept = {path.stem: json.loads(path.read_text()) for path in (tmp_path / "results" / "trainings").iterdir()}
    assert {name: record["updates"] for name, record in kept.items()} == {
        "two_stage_seed0": 2,
        "continued_seed0": 1,
        "without_gan_seed0": 1,
    }
    assert "two_stage_seed0" in (tmp_path / "work" / "runs" / "without_gan_seed0" / "train.log").read_text()


def test_a_row_or_weights_that_cannot_be_end_the_command_in_one_line(root: Path, tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match=r"rows: 'fhdrr' .*two_stage, hdrcnn"):
        run(COMPARISON, "", options(root, tmp_path, "--rows", "fhdrr"))
    with pytest.raises(SystemExit, match=r"--networks 'expandnet\.safetensors': .*TITLE=WEIGHTS"):
        run(COMPARISON, "", options(root, tmp_path, "--networks", "expandnet.safetensors"))
