"""What is measured on the day there is a GPU runs through on a CPU, at tiny size."""

import json
from pathlib import Path

import pytest

from experiments.speed import cuda


@pytest.mark.slow
def test_the_whole_measurement_runs_at_tiny_size(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cuda.main(["--device", "cpu", "--tiny", "--output", str(tmp_path / "cuda.json")])
    figures = json.loads((tmp_path / "cuda.json").read_text(encoding="utf-8"))
    assert figures["differences"]["demo"]["fp32"] < 1e-5
    assert 1e-5 < figures["differences"]["demo"]["bf16"] < 0.1
    for what in ("inference", "training"):
        assert all(row["seconds"] > 0 for row in figures[what].values())
    assert list(figures["training"]) == ["plain, fp32", "ours, fp32", "ours, bf16"]
    printed = capsys.readouterr().out
    for line in ("| inference: ours, bf16 |", "| training: ours, bf16 |", "loader with 0 workers"):
        assert line in printed
