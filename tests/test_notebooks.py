"""Notebooks run as they are, and are kept without outputs."""

from pathlib import Path

import nbformat
import numpy as np
import pytest
from nbclient import NotebookClient

from twostage_hdr.evaluation.method_row import MethodRow
from twostage_hdr.evaluation.protocol import COLUMNS
from twostage_hdr.evaluation.results import write_results
from twostage_hdr.evaluation.summarise import summarise

NOTEBOOKS = sorted((Path(__file__).parents[1] / "notebooks").glob("*.ipynb"))


def test_there_are_notebooks():
    assert NOTEBOOKS


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_outputs_are_stripped(path):
    cells = nbformat.read(path, as_version=4).cells
    assert not any(cell.get("outputs") or cell.get("execution_count") for cell in cells)


@pytest.mark.slow
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs_from_top_to_bottom(path, tmp_path):
    notebook = nbformat.read(path, as_version=4)
    NotebookClient(notebook, timeout=240, resources={"metadata": {"path": tmp_path}}).execute()


RESULTS = (
    "weights/results/random",
    "weights/results/gamma",
    "table1_comparison/results",
    "table2_ablation/results/stages",
    "table2_ablation/results/parts",
)


def story(folder: Path) -> tuple[str, int]:
    """What the results' notebook prints when it stands in a folder, and how many pictures it shows."""
    notebook = nbformat.read(Path(__file__).parents[1] / "notebooks" / "results.ipynb", as_version=4)
    NotebookClient(notebook, timeout=240, resources={"metadata": {"path": folder}}).execute()
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    text = "".join(output.get("text", "") for output in outputs)
    return text, sum("image/png" in output.get("data", {}) for output in outputs)


@pytest.mark.slow
def test_results_that_are_not_there_yet_are_told_in_a_line_each(tmp_path):
    (tmp_path / "experiments" / "speed").mkdir(parents=True)
    text, pictures = story(tmp_path)
    assert [line.split()[0] for line in text.splitlines()] == [
        f"experiments/{name}"
        for name in (
            "speed/results/inference.json",
            "speed/results/training.json",
            *(f"{folder}/summary.json" for folder in RESULTS),
        )
    ]
    assert pictures == 0


@pytest.mark.slow
def test_results_that_are_there_are_drawn_and_the_winner_is_named(tmp_path):
    draw = np.random.default_rng(0)
    made = [
        MethodRow(
            name=name,
            title=name,
            parameters=parameters,
            per_image={
                f"image{image}": {column.key: float(level + draw.normal() / 4) for column in COLUMNS}
                for image in range(8)
            },
        )
        for name, parameters, level in (("ldr", None, 20), ("two_stage", 9, 30), ("without_gan", 9, 25))
    ]
    absent = MethodRow(name="x", title="Method X", note="not run: no weights")
    (tmp_path / "experiments" / "speed").mkdir(parents=True)
    for folder in RESULTS:
        rows = [*summarise(made, COLUMNS), absent]
        write_results(tmp_path / "experiments" / folder, rows, COLUMNS, {"budget": "9 updates"})
    text, pictures = story(tmp_path)
    assert pictures == 6
    assert "Best by PU21-PSNR: two_stage; not told apart from it (p >= 0.05): none." in text
    assert "ColorVideoVDP: not run" in text
    assert "Method X: not run: no weights" in text
    assert text.count("budget: 9 updates") == 5
