"""SingleHDR's published format against the authors' program.

`DIGEST` and `VALUES` were computed with the authors' own code (GitHub: alex04072000/SingleHDR, test_real_refinement.py
as it is, from the image file to the array that it writes) in TensorFlow 2.15: names and shapes of its variables, and
its result for `frame` at three pixels, with the weights of `filled` and the responses of `response_model`. With four
other draws of weights the programs agreed to 4e-5 of the largest value, which is the rounding of float32.
"""

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
import torch
from typer.testing import CliRunner

from tests.inference.published.test_tensorflow_checkpoint import write_checkpoint
from tests.refusal import refusal_of
from twostage_hdr.cli.main import app
from twostage_hdr.inference.published.singlehdr import RESPONSE_MODEL, load_singlehdr, published_names
from twostage_hdr.inference.published.tensorflow_checkpoint import DATA
from twostage_hdr.inference.weights import load_weights
from twostage_hdr.networks.baselines.singlehdr_published import PublishedSingleHDR

Array = np.ndarray
DIGEST = "4b52bd8736238738"
POINTS = ((3, 5), (40, 20), (63, 97))
VALUES = [[0.62178, 0.509392, 0.0825229], [0.91059, 0.976116, 1.32666], [0.590776, 0.256827, 0.21923]]
WHOLE = "ckpt_deq_lin_hal_ref"
KERNEL = "Dequantization_Net/conv2d/kernel"


def shapes() -> dict[str, tuple[int, ...]]:
    """In TensorFlow's order of axes: height, width, in, out."""
    with torch.device("meta"):
        network = PublishedSingleHDR()
    state = network.state_dict()
    ours = {theirs: tuple(state[name].shape) for name, theirs in published_names(network).items()}
    return {name: (*shape[:1:-1][::-1], *shape[1::-1]) if len(shape) > 1 else shape for name, shape in ours.items()}


def filled(shapes: Mapping[str, tuple[int, ...]]) -> dict[str, Array]:
    """Weights by a formula, the same on every machine."""
    tensors = {}
    for place, (name, shape) in enumerate(sorted(shapes.items())):
        values = np.sin(np.arange(np.prod(shape)) * 1.7 + place).reshape(shape)
        if len(shape) > 1:
            values *= 1.4 / np.prod(shape[:-1]) ** 0.5
        elif name.endswith(("gamma", "moving_variance")):
            values = 1 + 0.4 * values
        else:
            values *= 0.1
        tensors[name] = values.astype(np.float32)
    return tensors


def response_model() -> str:
    """A file as the published one: curves of 1024 values, four in a line."""
    x = np.linspace(0, 1, 1024)
    curves = {"B": x, "g0": x**2.2} | {f"hinv({k})": np.sin(k * np.pi * x) for k in range(1, 13)}
    lines = []
    for name, curve in curves.items():
        lines.append(f"{name}=" if "(" in name else f"{name} = ")
        lines += ["   ".join(f"{value:.6e}" for value in row) for row in curve.reshape(256, 4)]
    return "\n".join(lines) + "\n"


def frame() -> torch.Tensor:
    """An 8-bit frame of 70 x 100 px, a part of it clipped."""
    y, x = np.meshgrid(np.arange(70), np.arange(100), indexing="ij")
    channels = [np.clip(0.5 + 0.6 * np.sin(y / 9 + k) * np.cos(x / 7 + k), 0, 1) for k in range(3)]
    return torch.from_numpy((np.round(np.stack(channels) * 255) / 255).astype(np.float32))[None]


@pytest.fixture(scope="module")
def tensors() -> dict[str, Array]:
    return filled(shapes())


@pytest.fixture(scope="module")
def published(tensors: dict[str, Array], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the program with the checkpoints in it: of all parts, with an optimiser's state, and of one."""
    folder = tmp_path_factory.mktemp("SingleHDR")
    (folder / RESPONSE_MODEL).write_text(response_model())
    for name in (WHOLE, "ckpt_deq"):
        (folder / name).mkdir()
    state = {f"{KERNEL}/Adam": tensors[KERNEL], "beta1_power": np.float32([0.9]), "global_step": np.array([3])}
    write_checkpoint(folder / WHOLE / "model.ckpt.index", tensors | state)
    part = {name: value for name, value in tensors.items() if name.startswith("Dequantization_Net/")}
    write_checkpoint(folder / "ckpt_deq" / "model.ckpt.index", part)
    return folder


@pytest.fixture
def changed(tensors: dict[str, Array], tmp_path: Path) -> Path:
    """A folder for a checkpoint with other tensors, which the test writes."""
    (tmp_path / RESPONSE_MODEL).write_text(response_model())
    return tmp_path


def test_names_and_shapes_are_those_of_the_authors_program() -> None:
    lines = "\n".join(f"{name} {shape}" for name, shape in sorted(shapes().items()))
    assert hashlib.sha256(lines.encode()).hexdigest()[:16] == DIGEST


def test_the_same_weights_give_the_authors_programs_output_by_way_of_the_command(
    published: Path, tmp_path: Path
) -> None:
    target = tmp_path / "singlehdr.safetensors"
    result = CliRunner().invoke(app, ["import-weights", "singlehdr", str(published), str(target)])
    assert "29,036,815 parameters" in result.output
    network = load_weights(target)
    assert not network.training
    with torch.no_grad():
        hdr = network(frame())[0]
    for (row, column), values in zip(POINTS, VALUES, strict=True):
        torch.testing.assert_close(hdr[:, row, column], torch.tensor(values), rtol=1e-4, atol=1e-5)


def test_the_checkpoints_own_folder_serves_too_with_the_model_of_responses_in_it(
    published: Path, changed: Path
) -> None:
    for name in ("model.ckpt.index", f"model.ckpt{DATA}"):
        os.link(published / WHOLE / name, changed / name)
    assert isinstance(load_singlehdr(changed), PublishedSingleHDR)


def without(tensors: dict[str, Array], name: str) -> dict[str, Array]:
    return {key: value for key, value in tensors.items() if key != name}


@pytest.mark.parametrize(
    ("change", "seen"),
    [
        (lambda all_: without(all_, "ae_invcrf_decode_net/dense/bias"), ["'ae_invcrf_decode_net/dense/bias'"]),
        (lambda all_: all_ | {KERNEL: all_[KERNEL][:5]}, [KERNEL, "(16, 3, 5, 7)", "(16, 3, 7, 7)"]),
        (lambda all_: all_ | {KERNEL: all_[KERNEL].astype(np.float64)}, [KERNEL]),
        (lambda all_: all_ | {KERNEL: np.full_like(all_[KERNEL], np.nan)}, [KERNEL, "NaN"]),
        (lambda all_: all_ | {"Refinement_Net/conv2d_19/kernel": all_[KERNEL]}, ["'Refinement_Net/conv2d_19/kernel'"]),
        (lambda all_: {KERNEL: all_[KERNEL]}, ["model.ckpt.index"]),
    ],
    ids=["missing", "other shape", "other type", "not finite", "one too many", "one part only"],
)
def test_other_tensors_are_refused_in_one_line(change, seen, tensors, changed: Path) -> None:
    write_checkpoint(changed / "model.ckpt.index", change(tensors))
    with refusal_of(changed, *seen):
        load_singlehdr(changed)


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        (None, "invemor.txt"),
        ("words\n", "'g0'"),
        (response_model().replace("hinv(7)", "hinv(17)"), "'hinv(7)'"),
        (response_model().replace("1.000000e+00\nhinv(1)", "\nhinv(1)"), "1023"),
        (response_model().replace("1.000000e+00\nhinv(1)", "nan\nhinv(1)"), "NaN"),
        (response_model().replace("1.000000e+00\nhinv(1)", "one\nhinv(1)"), "'one'"),
    ],
    ids=["missing", "other text", "without a curve", "a number short", "not finite", "not a number"],
)
def test_another_model_of_responses_is_refused_in_one_line(text, seen, published: Path, tmp_path: Path) -> None:
    (tmp_path / WHOLE).symlink_to(published / WHOLE)
    if text is not None:
        (tmp_path / RESPONSE_MODEL).write_text(text)
    with refusal_of(tmp_path, seen):
        load_singlehdr(tmp_path)


def test_two_checkpoints_of_all_parts_are_refused_with_their_names(published: Path, tmp_path: Path) -> None:
    (tmp_path / RESPONSE_MODEL).write_text(response_model())
    for name in ("one", "two"):
        (tmp_path / name).symlink_to(published / WHOLE)
    with refusal_of(tmp_path, "one/model.ckpt.index", "two/model.ckpt.index"):
        load_singlehdr(tmp_path)


@pytest.mark.parametrize(("name", "seen"), [("nowhere", "folder"), ("", ".index")])
def test_what_holds_no_checkpoint_is_refused(name: str, seen: str, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    with refusal_of(name or tmp_path, seen):
        CliRunner().invoke(app, ["import-weights", "singlehdr", name or "."], catch_exceptions=False)
    assert list(tmp_path.iterdir()) == []
