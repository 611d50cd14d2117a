"""SI-HDR's protocol on a small tree of the same layout, and its published rows."""

import csv
import json
import re
import subprocess
import sys
from pathlib import Path

import colour
import numpy as np
import pytest
import torch

from experiments.si_hdr.__main__ import HERE, SrgbInput, measure, published
from experiments.si_hdr.protocol import MEDIAN, PEAK, condition, scores, square
from tests.data.test_paired import add, write_hdr
from tests.refusal import refusal_of
from twostage_hdr.data.pair_source import Pair

ROOT = Path(__file__).parents[2]


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Three scenes of both clipping levels, and one method's results: the references on another scale."""
    for number in (1, 2, 5):
        for clip in ("clip_95", "clip_97"):
            light = add(tmp_path, number, f"input/{clip}/{number:03}.png", f"reference/{number:03}.exr")
            write_hdr(tmp_path / "reconstructions" / "oracle" / clip / f"{number:03}.exr", 0.3 * light)
    return tmp_path


def pair_of(light: np.ndarray) -> Pair:
    linear = torch.from_numpy(light.astype(np.float32).transpose(2, 0, 1))
    encoded = colour.cctf_encoding(light.clip(0, 1), "sRGB").astype(np.float32)
    return Pair((torch.from_numpy(encoded.transpose(2, 0, 1)) * 255).round() / 255, linear)


def light(seed: int = 0, side: int = 48) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return np.exp(rng.uniform(-4, 1.5, (side, side, 1)) + rng.uniform(-0.1, 0.1, (side, side, 3)))


def test_the_reference_has_the_published_luminance() -> None:
    of = condition(pair_of(light()))
    seen = (of.reference * torch.tensor([0.2126, 0.7152, 0.0722]).view(3, 1, 1)).sum(0)
    assert float(seen.median()) == pytest.approx(MEDIAN, rel=1e-3)
    assert float(condition(pair_of(light() * [[[1, 1, 1]]] + 1000 * (light(1) > 4))).reference.max()) <= PEAK


def test_a_large_picture_becomes_its_middle_square_averaged_by_boxes() -> None:
    wide = torch.rand(3, 1024, 1536)
    boxes = wide[:, :, 256:1280].reshape(3, 512, 2, 512, 2).mean((2, 4))
    torch.testing.assert_close(square(wide), boxes, atol=1e-6, rtol=0)
    assert square(torch.rand(3, 40, 56)).shape == (3, 40, 40)


@pytest.mark.parametrize("gain", [0.01, 1.0, 30.0])
def test_the_reference_itself_on_any_scale_is_perfect(gain: float) -> None:
    of = condition(pair_of(light()))
    found = scores(of.reference * gain, of)
    assert found["pu21_psnr"] > 90
    assert found["crf_pu21_psnr"] > 60


def test_the_gain_and_the_score_are_those_of_numpy() -> None:
    """The published alignment and PU21-PSNR, written out once more."""
    of = condition(pair_of(light()))
    result = of.light * 3
    p, g = result.numpy().astype(float), of.reference.numpy().astype(float)
    unclipped = ((of.light > 1e-6) & (of.light < 1 - 1e-6)).all(0).numpy()
    aligned = (p * (p * g)[:, unclipped].sum() / (p**2)[:, unclipped].sum()).clip(0, 1000)

    def pu21(nits: np.ndarray) -> np.ndarray:
        c = [0.353487901, 0.3734658629, 8.277049286e-05, 0.9062562627, 0.09150303166, 0.9099517204, 596.3148142]
        y = nits.clip(0.005, 10000) ** c[3]
        return np.maximum(c[6] * (((c[0] + c[1] * y) / (1 + c[2] * y)) ** c[4] - c[5]), 0)

    expected = 10 * np.log10(256**2 / ((pu21(aligned) - pu21(g)) ** 2).mean())
    assert scores(result, of)["pu21_psnr"] == pytest.approx(expected, abs=0.01)


def test_the_correction_forgives_a_curve_and_not_lost_light() -> None:
    of = condition(pair_of(light()))
    curved, clipped = scores(of.reference**0.7, of), scores(SrgbInput().reconstruct(of.ldr, scene=""), of)
    assert curved["crf_pu21_psnr"] > curved["pu21_psnr"] + 10
    assert clipped["crf_pu21_psnr"] < curved["crf_pu21_psnr"] - 5


def test_a_result_of_another_size_is_refused() -> None:
    of = condition(pair_of(light()))
    small = of.reference[:, :-1]
    with refusal_of("result", tuple(small.shape), tuple(of.reference.shape)):
        scores(small, of)


def test_every_method_of_the_set_is_a_row(tree: Path) -> None:
    rows = {row.name: row for row in measure(tree, "clip_95", ["demo"], None)}
    assert set(rows) == {"ldr", "demo", "oracle"}
    assert all(set(row.per_image) == {"001", "002", "005"} for row in rows.values())
    assert rows["oracle"].scores["pu21_psnr"].mean > rows["ldr"].scores["pu21_psnr"].mean + 5


def test_one_command_writes_both_tables_with_the_published_rows_beside_ours(tree: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "experiments.si_hdr", tree, "--weights", "demo", "--limit", "2", "--results"]
    told = subprocess.run([*command, tmp_path / "out"], cwd=ROOT, capture_output=True, text=True)
    assert told.returncode == 0, told.stderr
    for clip, number in (("clip_95", 12), ("clip_97", 3)):
        rows = json.loads((tmp_path / "out" / clip / "summary.json").read_text("utf-8"))["rows"]
        assert len(rows) == number
        assert [len(row["per_image"]) for row in rows[:3]] == [2, 2, 2]
    table = (tmp_path / "out" / "clip_95" / "table.md").read_text("utf-8")
    assert table.startswith("**SI-HDR, clip_95; our rows over 2 of 181 scenes**")
    assert re.search(r"\| LDR input, published \| 20\.47 .*\| 27\.93 .*\[andiran2026expanddiff\]", table)


def test_a_folder_of_something_else_is_refused_in_one_line(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "experiments.si_hdr", tmp_path, "--weights", "--results", tmp_path / "out"]
    told = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert told.returncode == 2
    assert told.stderr.startswith(f"error: data.root={tmp_path}: ")
    assert "input/clip_95/%.png" in told.stderr
    assert not (tmp_path / "out").exists()


def test_published_rows_name_a_source_of_the_bibliography() -> None:
    known = (ROOT / "references.bib").read_text(encoding="utf-8")
    with (HERE / "published.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert rows
    assert all(f"{{{row['source']}," in known for row in rows)
    assert {row.name for row in published("clip_95")} == {row["name"] for row in rows if row["clip"] == "clip_95"}
    assert published("clip_97") == []
