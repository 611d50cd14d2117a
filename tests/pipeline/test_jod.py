"""The verb and the setting, with a stand-in for the program."""

import json
import sys
from pathlib import Path

import pytest
import torch

from twostage_hdr.data.triple import Triple
from twostage_hdr.evaluation.run import evaluate
from twostage_hdr.evaluation.saved_results import SavedResults

STAND_IN = """#!{python}
import sys
tests = [word for word in sys.argv if word.startswith("test")]
with open("scores.csv", "w") as file:
    file.write("test, reference, cvvdp\\n")
    file.writelines(f"{{test}}, r, {{7 + number}}\\n" for number, test in enumerate(tests))
"""


@pytest.fixture
def program(tmp_path: Path) -> Path:
    path = tmp_path / "cvvdp"
    path.write_text(STAND_IN.format(python=sys.executable), encoding="utf-8")
    path.chmod(0o755)
    return path


@pytest.fixture
def evaluation(tmp_path: Path) -> Path:
    reference = torch.rand(3, 24, 20, generator=torch.Generator().manual_seed(0)) * 1.6 + 0.05
    ldr = (reference.clamp(max=1) * 255).round() / 255
    triples = [Triple(ldr, reference.clamp(max=1), reference, scene, torch.tensor(1.0)) for scene in ("a", "b")]
    evaluate([], triples, tmp_path / "evaluation", visit=SavedResults(tmp_path / "evaluation" / "results").save)
    return tmp_path / "evaluation"


def test_the_table_and_the_data_get_the_scores(command, evaluation, program, capsys):
    assert command("jod", str(evaluation), "--cvvdp", str(program)) == 0
    assert "7.50" in capsys.readouterr().out
    assert "7.50" in (evaluation / "table.md").read_text()
    row = json.loads((evaluation / "summary.json").read_text())["rows"][0]
    assert [row["per_image"][scene]["jod"] for scene in ("a", "b")] == [7, 8]


def test_an_evaluation_that_saved_nothing_is_refused_with_the_cure(command, evaluation, program, capsys):
    (evaluation / "results" / "ldr" / "a.exr").unlink()
    assert command("jod", str(evaluation), "--cvvdp", str(program)) == 2
    assert "save_results=true" in " ".join(capsys.readouterr().err.split())


def test_a_missing_program_is_refused_before_anything_is_scored(command, tmp_path, capsys):
    settings = ("weights=demo", "data=procedural", f"cvvdp={tmp_path / 'none'}", f"hydra.run.dir={tmp_path / 'out'}")
    assert command("evaluate", *settings) == 2
    line = " ".join(capsys.readouterr().err.split())
    assert f"error: cvvdp={tmp_path / 'none'}: " in line
    assert "pip install cvvdp" in line
    assert not (tmp_path / "out" / "summary.json").exists()


@pytest.mark.slow
def test_an_evaluation_with_the_program_fills_the_column_at_once(command, tmp_path, program, capsys):
    tiny = ("data.source.count=6", "data.source.height=32", "data.source.width=48", "limit=1", "pictures=1")
    out = tmp_path / "out"
    settings = ("weights=demo", "data=procedural", *tiny, f"cvvdp={program}", f"hydra.run.dir={out}")
    assert command("evaluate", *settings) == 0, capsys.readouterr()
    assert "7.00" in (out / "table.md").read_text()
    assert "not run" not in (out / "table.md").read_text()
    assert "standard_hdr_linear" in (out / "report.html").read_text()
