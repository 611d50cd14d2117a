"""Each table's one command, on six small pictures and two updates."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from experiments.comparison.table import run
from experiments.table1_comparison.__main__ import TABLE as COMPARISON
from experiments.table2_ablation.__main__ import TABLE as ABLATION
from twostage_hdr.evaluation.results import read_results
from twostage_hdr.expansion.all_operators import ALL_OPERATORS

TINY = ("--updates", "2", "--batch", "2", "--crop", "16", "--pictures", "1")


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
    return [*places, *TINY, *more]


@pytest.mark.slow
def test_table_1_has_a_trained_row_over_its_seeds_the_operators_and_what_is_absent(root: Path, tmp_path: Path) -> None:
    run(COMPARISON, "", options(root, tmp_path, "--rows", "expandnet", "--seeds", "2", "--jobs", "2"))
    results = read_results(tmp_path / "results" / "summary.json")
    names = [row.name for row in results.rows]
    assert names == ["ldr", "expandnet", *ALL_OPERATORS, *COMPARISON.absent]
    assert results.rows[1].parameters == 456_899
    assert results.rows[1].scores["mu_psnr"].std > 0  # the seeds differ
    kept = "".join(path.read_text() for path in (tmp_path / "results").iterdir())
    assert str(tmp_path) not in kept
    assert "HdrFolderSource, places" in kept
    trained = json.loads((tmp_path / "results" / "summary.json").read_text())["training"]
    assert [one["seed"] for one in trained] == [0, 1]
    assert trained[0]["config_sha256"] != trained[1]["config_sha256"]
    # One split and one set of frozen pictures for all seeds.
    splits = {(tmp_path / "work" / "runs" / f"expandnet_seed{seed}" / "splits.json").read_text() for seed in (0, 1)}
    assert len(splits) == 1
    assert "**" in (tmp_path / "results" / "table.md").read_text()


@pytest.mark.slow
def test_table_2_trains_the_sequential_row_on_the_row_that_it_starts_from(root: Path, tmp_path: Path) -> None:
    run(ABLATION, "", options(root, tmp_path, "--rows", "sequential", "--seeds", "1"))
    results = read_results(tmp_path / "results" / "summary.json")
    assert [row.name for row in results.rows] == ["ldr", "enhancement", "sequential"]
    log = (tmp_path / "work" / "runs" / "sequential_seed0" / "train.log").read_text()
    assert "enhancement_seed0: stage I" in log


def test_a_row_or_weights_that_cannot_be_end_the_command_in_one_line(root: Path, tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match=r"error: rows: 'fhdrr' is none of two_stage, hdrcnn"):
        run(COMPARISON, "", options(root, tmp_path, "--rows", "fhdrr"))
    with pytest.raises(SystemExit, match="give TITLE=WEIGHTS"):
        run(COMPARISON, "", options(root, tmp_path, "--networks", "expandnet.safetensors"))
