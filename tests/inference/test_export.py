import json
from pathlib import Path

import pytest
import torch
from torch import nn

from twostage_hdr.errors import InputError
from twostage_hdr.inference.export import DESCRIPTION, INPUT, OUTPUT, export_network
from twostage_hdr.networks.baselines.hdrunet import HDRUNet
from twostage_hdr.networks.stage import Stage
from twostage_hdr.networks.two_stage import TwoStageNetwork
from twostage_hdr.networks.two_stage_context import TwoStageContextNetwork

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
    with pytest.raises(InputError, match="HDRUNet cannot be exported for images of any size"):
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
    with pytest.raises(InputError, match="Own cannot be exported for images of any size") as refused:
        export_network(Own(branches=True).eval(), tmp_path / "own.pt2")
    assert "\n" not in str(refused.value)
    assert list(tmp_path.iterdir()) == []


def test_without_the_onnx_packages_one_line_says_what_to_install(tmp_path, network, monkeypatch):
    monkeypatch.setattr("twostage_hdr.inference.export.find_spec", lambda name: None)
    with pytest.raises(InputError, match=r"pip install 'twostage-hdr\[onnx\]'"):
        export_network(network, tmp_path / "net.onnx")
