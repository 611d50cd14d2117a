import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from tests.refusal import refusal_of
from twostage_hdr.inference.export import DESCRIPTION, INPUT, OUTPUT, check_encoding, export_contract, export_network
from twostage_hdr.inference.weights import save_weights
from twostage_hdr.networks.baselines.hdrunet import HDRUNet
from twostage_hdr.networks.stage import Stage
from twostage_hdr.networks.two_stage import TwoStageNetwork
from twostage_hdr.networks.two_stage_context import TwoStageContextNetwork
from twostage_hdr.networks.two_stage_whole_frame import TwoStageWholeFrameNetwork

SIZES = [(1, 1, 1), (1, 1, 7), (1, 17, 31), (2, 64, 64), (3, 101, 50)]
"""Batch, height, width."""


@pytest.fixture(scope="module")
def network() -> TwoStageNetwork:
    torch.manual_seed(0)
    return TwoStageNetwork(features=16, growth=8).eval()


@pytest.fixture(scope="module")
def onnx_file(network: TwoStageNetwork, tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("onnxscript")
    path = tmp_path_factory.mktemp("onnx") / "net.onnx"
    export_network(network, path)
    return path


@pytest.fixture(scope="module")
def program_file(network: TwoStageNetwork, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("program") / "net.pt2"
    export_network(network, path)
    return path


@pytest.mark.slow
@pytest.mark.parametrize("size", SIZES)
def test_onnx_runtime_gives_the_networks_image_at_every_size(network, onnx_file, size):
    session = pytest.importorskip("onnxruntime").InferenceSession(onnx_file, providers=["CPUExecutionProvider"])
    ldr = torch.rand(size[0], 3, *size[1:])
    with torch.no_grad():
        expected = network(ldr)
    (result,) = session.run([OUTPUT], {INPUT: ldr.numpy()})
    torch.testing.assert_close(torch.from_numpy(result), expected, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("size", SIZES)
def test_the_exported_program_gives_the_networks_image_at_every_size(network, program_file, size):
    ldr = torch.rand(size[0], 3, *size[1:])
    with torch.no_grad():
        torch.testing.assert_close(torch.export.load(program_file).module()(ldr), network(ldr), atol=1e-6, rtol=1e-6)


@pytest.mark.slow
def test_both_files_say_which_network_and_which_domain_they_hold(network, onnx_file, program_file):
    onnx = pytest.importorskip("onnx")
    model = onnx.load(onnx_file)
    onnx.checker.check_model(model)
    stated = {entry.key: entry.value for entry in model.metadata_props}
    assert stated["output"] == "encoded"
    assert json.loads(stated["hyper_parameters"]) == network.hyper_parameters
    extra = {DESCRIPTION: ""}
    torch.export.load(program_file, extra_files=extra)
    described = json.loads(extra[DESCRIPTION])
    assert (described["output"], described["hyper_parameters"]) == ("encoded", network.hyper_parameters)


def test_a_single_stage_is_exported_too(tmp_path):
    stage = Stage(features=8, growth=4).eval()
    export_network(stage, tmp_path / "stage.pt2")
    ldr = torch.rand(1, 3, 9, 13)
    with torch.no_grad():
        torch.testing.assert_close(torch.export.load(tmp_path / "stage.pt2").module()(ldr), stage(ldr))


@pytest.mark.slow
def test_the_variant_with_context_is_exported_too(tmp_path):
    torch.manual_seed(0)
    network = TwoStageContextNetwork(features=8, growth=4, context_features=8).eval()
    torch.nn.init.normal_(network.context.conv_out.weight, std=0.3)
    export_network(network, tmp_path / "net.pt2")
    program = torch.export.load(tmp_path / "net.pt2").module()
    pytest.importorskip("onnxscript")
    export_network(network, tmp_path / "net.onnx")
    session = pytest.importorskip("onnxruntime").InferenceSession(
        tmp_path / "net.onnx", providers=["CPUExecutionProvider"]
    )
    for batch, height, width in [(1, 9, 9), (1, 17, 31), (2, 64, 64), (3, 101, 50)]:
        ldr = (1.5 * torch.rand(batch, 3, height, width)).clamp(max=1)
        with torch.no_grad():
            expected = network(ldr)
            torch.testing.assert_close(program(ldr), expected, atol=1e-5, rtol=1e-5)
        (result,) = session.run([OUTPUT], {INPUT: ldr.numpy()})
        torch.testing.assert_close(torch.from_numpy(result), expected, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("name", ["net.onnx", "net.pt2"])
def test_a_network_that_depends_on_the_size_is_refused(tmp_path, name):
    with refusal_of(tmp_path / name, "HDRUNet", "TwoStageNetwork"):
        export_network(HDRUNet(features=8), tmp_path / name)
    assert list(tmp_path.iterdir()) == []


class Own(nn.Module):
    """A network of the user's own, with a global view."""

    output, receptive_radius = "linear", 7

    def __init__(self, *, branches: bool = False) -> None:
        super().__init__()
        self.hyper_parameters = {"branches": branches}
        self.conv, self.branches = nn.Conv2d(3, 3, 3, padding=1), branches

    def forward(self, ldr: torch.Tensor) -> torch.Tensor:
        if self.branches and float(ldr.mean()) > 0:
            ldr = ldr / 2
        return self.conv(ldr)


def test_a_network_of_ones_own_is_exported_with_its_own_halo(tmp_path):
    network = Own().eval()
    export_network(network, tmp_path / "own.pt2")
    extra, ldr = {DESCRIPTION: ""}, torch.rand(1, 3, 13, 9)
    program = torch.export.load(tmp_path / "own.pt2", extra_files=extra)
    says = json.loads(extra[DESCRIPTION])
    assert (says["tile_halo"], says["output_encoding"]) == ("7", "linear")
    with torch.no_grad():
        torch.testing.assert_close(program.module()(ldr), network(ldr))


def test_one_that_the_exporter_cannot_follow_is_refused_in_one_line_and_nothing_is_written(tmp_path):
    with refusal_of(tmp_path / "own.pt2", "Own", "forward"):
        export_network(Own(branches=True).eval(), tmp_path / "own.pt2")
    assert list(tmp_path.iterdir()) == []


def test_without_the_onnx_packages_one_line_says_what_to_install(tmp_path, network, monkeypatch):
    monkeypatch.setattr("twostage_hdr.inference.export.find_spec", lambda name: None)
    with refusal_of(tmp_path / "net.onnx", "ONNX", "pip install 'twostage-hdr[onnx]'"):
        export_network(network, tmp_path / "net.onnx")


# docs/programs.md as an editor would follow it: an exported file, run from its metadata alone.

DOC = Path(__file__).parents[2] / "docs" / "programs.md"
ALONE = 'import sys\nsys.modules["twostage_hdr"] = sys.modules["torch"] = None  # neither can be imported\n'
HEIGHT, WIDTH = 409, 431
"""Of the photograph: larger than a tile with the widest halo, no multiple of anything."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("onnxscript")
    pytest.importorskip("onnxruntime")
    folder = tmp_path_factory.mktemp("editor")
    (program,) = re.findall(r"`run_onnx.py`.*?```python\n(.*?)```", DOC.read_text(encoding="utf-8"), re.DOTALL)
    (folder / "run_onnx.py").write_text(ALONE + program, encoding="utf-8")
    pixels = np.random.default_rng(0).integers(0, 400, (HEIGHT, WIDTH, 3)).clip(max=255).astype(np.uint8)
    Image.fromarray(pixels).save(folder / "photo.png")
    return folder


def two_stage() -> torch.nn.Module:
    return TwoStageNetwork(features=8, growth=4)


def with_context() -> torch.nn.Module:
    network = TwoStageContextNetwork(features=8, growth=4, context_features=8)
    for block in network.context.blocks:
        torch.nn.init.normal_(block.point.weight, std=0.5)  # so that what is far away counts
    torch.nn.init.normal_(network.context.conv_out.weight, std=0.5)
    return network


def whole_frame() -> torch.nn.Module:
    network = TwoStageWholeFrameNetwork(features=8, growth=4, widths=(4, 4), curve_features=4, context_features=8)
    torch.nn.init.normal_(network.branch.leave.weight, std=0.3)
    return network


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "notes", "tile"),
    [
        (two_stage, {}, 100),
        (two_stage, {"input_encoding": "gamma 2.24"}, 150),
        (with_context, {}, 37),
        (whole_frame, {}, 64),
    ],
)
def test_an_editor_that_knows_only_the_metadata_gets_the_whole_frames_result_in_tiles(folder, kind, notes, tile):
    network = kind().eval()
    save_weights(folder / "net.safetensors", network, notes)
    # In processes of their own: an exported program's sizes are symbols, at which the tests' type checks take offence.
    export = ["-P", "-m", "twostage_hdr", "export", "net.safetensors", "net.onnx", "--overwrite"]
    for command in (export, ["-I", "run_onnx.py", "net.onnx", "photo.png", "light.npy", str(tile)]):
        done = subprocess.run([sys.executable, *command], cwd=folder, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
    light = np.load(folder / "light.npy")
    ldr = torch.from_numpy(np.array(Image.open(folder / "photo.png"), np.float32) / 255).permute(2, 0, 1)[None]
    if notes:  # the program takes the file as sRGB
        linear = torch.where(ldr <= 0.04045, ldr / 12.92, ((ldr + 0.055) / 1.055) ** 2.4)
        ldr = linear ** (1 / 2.24)
    with torch.no_grad():
        expected = network(ldr).clamp(min=0)[0].permute(1, 2, 0).numpy() ** 2.24
    np.testing.assert_allclose(light, expected, rtol=2e-4, atol=2e-5)
    assert np.ptp(expected) > 0.5


@pytest.mark.parametrize("kind", [two_stage, with_context])
def test_the_halo_is_as_far_as_the_network_sees_and_not_farther_than_a_step_more(kind):
    """By the gradient of one output pixel: an oracle that knows nothing of the layers."""
    says = export_contract(kind(), response="declared", notes={})
    halo, step = int(says["tile_halo"]), int(says["tile_step"])
    torch.manual_seed(1)
    network, far = kind().double().eval(), 0
    for place in range(200, 200 + step):
        ldr = torch.full((1, 3, 1, 408), 0.97, dtype=torch.float64).requires_grad_()
        network(ldr)[0, :, 0, place].sum().backward()
        columns = ldr.grad.abs().sum((0, 1, 2)).nonzero()[:, 0]
        begin, end = (place - halo) // step * step, -(-(place + 1 + halo) // step) * step
        assert begin <= columns.min()
        assert columns.max() < end
        far = max(far, place - int(columns.min()), int(columns.max()) - place)
    assert halo <= far < halo + step + 1


def test_a_derived_class_whose_reach_is_not_known_asks_for_the_whole_frame() -> None:
    class Derived(TwoStageContextNetwork):
        pass

    says = export_contract(Derived(features=8, growth=4, context_features=8), response="declared", notes={})
    assert says["tile_halo"] == "frame"


def test_the_encoding_follows_the_response_and_the_weights_own_word() -> None:
    def encoding(network: torch.nn.Module, response: str | float, **notes: str) -> str:
        return export_contract(network, response=response, notes=notes)["input_encoding"]

    assert [encoding(whole_frame(), response) for response in ("declared", "estimated", 2.24)] == [
        *("srgb", "camera", "gamma 2.24")
    ]
    assert encoding(two_stage(), "declared") == "camera"
    assert encoding(two_stage(), "declared", input_encoding="gamma 2.2") == "gamma 2.2"


def test_notes_are_passed_on_and_cannot_replace_what_is_known() -> None:
    says = export_contract(Stage(features=8, growth=4), response="declared", notes={"licence": "MIT", "tile_halo": "0"})
    assert says["licence"] == "MIT"
    assert int(says["tile_halo"]) > 0


@pytest.mark.parametrize("text", ["sRGB", "gamma", "gamma 0", "linear", ""])
def test_an_encoding_that_no_program_would_understand_is_refused(text: str) -> None:
    with refusal_of(f"input_encoding={text}", "srgb", "camera", "gamma"):
        check_encoding(text)
    check_encoding("gamma 2.2")
