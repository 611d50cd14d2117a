from pathlib import Path

import numpy as np
import pytest
import torch

from tests.refusal import refusal_of
from twostage_hdr.camera.measured_responses import MeasuredResponses

DORF = """agfa-scala-200xCD
B&W
I =
0.0 0.25 0.5 1.0
B =
0.0 0.5 0.75 1.0
kodak-falls
B&W
I =
0.0 0.5 1.0
B =
0.0 0.2 0.1
"""
EMOR = """E =
 0.0 0.5
 1.0
f0 =
 0.0 0.7 1.0
h(1) =
 0.0 0.1 0.0
h(2) =
 0.0 -0.1 0.0
"""


def written(folder: Path, text: str) -> str:
    (folder / "curves.txt").write_text(text)
    return str(folder / "curves.txt")


def test_dorf_curves_are_interpolated_and_those_that_fall_left_out(tmp_path: Path) -> None:
    responses = MeasuredResponses(written(tmp_path, DORF))
    assert len(responses.curves) == 1
    light = torch.tensor([0.125, 0.25, 1.0]).view(3, 1, 1)
    encoded = responses(light, np.random.default_rng(0))
    torch.testing.assert_close(encoded.flatten(), torch.tensor([0.25, 0.5, 1.0]))


def test_emor_curves_vary_around_the_mean_and_rise(tmp_path: Path) -> None:
    responses, rng = MeasuredResponses(written(tmp_path, EMOR)), np.random.default_rng(0)
    middles = []
    for _ in range(300):
        light, curve = responses.draw(rng)
        assert list(light) == [0, 0.5, 1]
        assert bool((np.diff(curve) >= -1e-4).all())
        middles.append(curve[1])
    assert np.mean(middles) == pytest.approx(0.7, abs=0.02)
    assert np.std(middles) == pytest.approx(np.hypot(0.06, 0.025), rel=0.15)


@pytest.mark.parametrize("text", ["", "hello\n", "I =\n0 1\n", "E =\n0 1\nf0 =\n0 1\n"])
def test_other_files_are_refused(tmp_path: Path, text: str) -> None:
    with refusal_of("curves.txt", "dorfCurves.txt", "emor.txt"):
        MeasuredResponses(written(tmp_path, text))


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with refusal_of(tmp_path / "none.txt", "dorfCurves.txt", "emor.txt"):
        MeasuredResponses(str(tmp_path / "none.txt"))
