"""The registry of formats: what it costs, and the recipe for one more, followed step by step."""

import os
import re
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np

from tests.refusal import refusal_of
from twostage_hdr.imaging.exr import write_exr
from twostage_hdr.imaging.formats import DEFAULT_FORMATS, FORMATS, formats_of_images, result_format
from twostage_hdr.imaging.result_format import ResultFormat

RECIPE = Path(__file__).parents[2] / "docs" / "extending.md"
WITH_ONE_MORE_LINE = """
from twostage_hdr.imaging.formats import FORMATS
FORMATS |= {LINE}
from twostage_hdr.cli.main import main
main()
"""


def test_every_line_names_a_format_and_no_two_write_the_same_file() -> None:
    formats = [result_format(name) for name in FORMATS]
    assert all(isinstance(form, ResultFormat) for form in formats)
    endings = [ending for form in formats for ending in form.endings]
    assert len(set(endings)) == len(endings)
    assert set(DEFAULT_FORMATS) <= set(formats_of_images()) <= set(FORMATS)


def test_an_unknown_format_is_refused_with_the_choices() -> None:
    with refusal_of("'bmp'", *FORMATS):
        result_format("bmp")


def test_naming_the_formats_imports_no_library() -> None:
    asked = "import sys, twostage_hdr.imaging.formats; print({'numpy', 'torch', 'OpenImageIO'} & set(sys.modules))"
    told = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)
    assert told.stdout == "set()\n"


def test_one_more_format_is_one_file_and_one_line(tmp_path: Path, scene: np.ndarray) -> None:
    section = RECIPE.read_text(encoding="utf-8").split("\n## An image format\n")[1].split("\n## ")[0]
    code, line = re.findall(r"```python\n(.*?)```", section, re.DOTALL)
    (tmp_path / "pfm.py").write_text(code)
    program = WITH_ONE_MORE_LINE.replace("LINE", line.strip().replace("twostage_hdr.imaging.pfm", "pfm"))
    write_exr(tmp_path / "scene.exr", scene, half=False)

    def run(*arguments: str) -> str:
        environment = os.environ | {"PYTHONPATH": os.pathsep.join((str(tmp_path), *sys.path)), "COLUMNS": "200"}
        called = [sys.executable, "-c", program, *arguments]
        told = subprocess.run(called, cwd=tmp_path, env=environment, capture_output=True, text=True)
        assert told.returncode == 0, told.stdout + told.stderr
        return " ".join(told.stdout.split())

    assert "strip, pfm" in run("convert", "--help").replace("│ │ ", "")
    assert "pfm cannot say that 1.0 is 300 cd/m²" in run("convert", "scene.exr", "--to", "pfm", "--white-nits", "300")
    stored = cv2.imread(str(tmp_path / "scene.pfm"), cv2.IMREAD_UNCHANGED)
    np.testing.assert_array_equal(stored[:, :, ::-1], scene)
