import json

import pytest
import torch
from typer.testing import CliRunner

from tests.refusal import refusal_of
from twostage_hdr.cli.main import app
from twostage_hdr.inference.export import DESCRIPTION
from twostage_hdr.inference.published.renamed_state import load_expandnet
from twostage_hdr.inference.weights import load_weights, read_header, save_weights
from twostage_hdr.networks.baselines.expandnet import ExpandNet
from twostage_hdr.networks.two_stage import TwoStageNetwork


def _run(*arguments):
    return CliRunner().invoke(app, ["export", *map(str, arguments)])


@pytest.fixture
def weights(tmp_path):
    path = tmp_path / "net.safetensors"
    save_weights(path, TwoStageNetwork(features=8, growth=4))
    return path


def test_the_exported_file_holds_the_same_network_and_the_notes(tmp_path, weights):
    result = _run(weights, tmp_path / "out.safetensors", "--note", "data=streets", "--note", "licence=MIT")
    assert result.exit_code == 0, result.output
    header = read_header(tmp_path / "out.safetensors")
    assert (header["data"], header["licence"], header["hyper_parameters"]["features"]) == ("streets", "MIT", 8)
    ldr = torch.rand(1, 3, 9, 9)
    assert torch.equal(load_weights(weights)(ldr), load_weights(tmp_path / "out.safetensors")(ldr))


def test_other_suffixes_and_the_source_itself_are_refused(tmp_path, weights):
    for target, values in ((tmp_path / "net.doc", [".doc", ".safetensors"]), (weights, [])):
        with refusal_of(target, *values):
            raise _run(weights, target).exception


def test_a_target_that_exists_is_replaced_only_on_request(tmp_path, weights):
    target = tmp_path / "out.safetensors"
    target.write_bytes(b"mine")
    with refusal_of(target, "--overwrite"):
        raise _run(weights, target).exception
    assert target.read_bytes() == b"mine"
    assert _run(weights, target, "--overwrite").exit_code == 0
    assert read_header(target)["hyper_parameters"]["features"] == 8


@pytest.mark.parametrize(
    ("note", "value"),
    [("bad", "KEY=VALUE"), ("=x", "KEY=VALUE"), ("network=x", "network"), ("tile_halo=3", "tile_halo")],
)
def test_a_note_that_would_be_lost_is_refused(tmp_path, weights, note, value):
    with refusal_of(f"--note {note}", value):
        raise _run(weights, tmp_path / "a.safetensors", "--note", note).exception
    assert not (tmp_path / "a.safetensors").exists()


@pytest.mark.parametrize("suffix", [pytest.param(".onnx", marks=pytest.mark.slow), ".pt2"])
def test_other_programs_files_say_what_the_weights_say_and_the_notes_beside(tmp_path, weights, suffix):
    assert (
        _run(weights, tmp_path / "noted.safetensors", "--note", "licence=CC0", "--note", "data=streets").exit_code == 0
    )
    result = _run(tmp_path / "noted.safetensors", tmp_path / f"out{suffix}", "--note", "data=rooms")
    assert result.exit_code == 0, result.output
    assert "TwoStageNetwork" in result.output
    if suffix == ".onnx":
        onnx = pytest.importorskip("onnx")
        says = {entry.key: entry.value for entry in onnx.load(tmp_path / "out.onnx").metadata_props}
    else:
        extra = {DESCRIPTION: ""}
        torch.export.load(tmp_path / "out.pt2", extra_files=extra)
        says = json.loads(extra[DESCRIPTION])
    assert (says["licence"], says["data"], says["tile_halo"]) == ("CC0", "rooms", "17")


@pytest.mark.slow
@pytest.mark.parametrize(("name", "encoding"), [("two_stage", "camera"), ("two_stage_gamma", "gamma 2.24")])
def test_an_exported_shipped_set_says_how_its_photographs_are_encoded(tmp_path, name, encoding):
    result = _run(name, tmp_path / "net.pt2")
    assert result.exit_code == 0, result.output
    extra = {DESCRIPTION: ""}
    torch.export.load(tmp_path / "net.pt2", extra_files=extra)
    says = json.loads(extra[DESCRIPTION])
    assert (says["input_encoding"], says["licence"]) == (encoding, "MIT")


def test_the_whole_frame_set_takes_its_encoding_from_the_response_alone(tmp_path):
    with refusal_of("--note input_encoding=camera", "input_encoding"):
        raise _run("two_stage_any", tmp_path / "net.pt2", "--note", "input_encoding=camera").exception
    with refusal_of("input_encoding=sRGB", "srgb", "camera", "gamma 2.24"):
        raise _run("demo", tmp_path / "net.pt2", "--note", "input_encoding=sRGB").exception
    assert list(tmp_path.iterdir()) == []


def _run_of_import_weights(*arguments):
    return CliRunner().invoke(app, ["import-weights", *map(str, arguments)])


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (("unknown", "x.pth"), ["import-weights unknown", "official, expandnet, hdrcnn, fhdr"]),
        (("fhdr", "x.ckpt"), ["import-weights fhdr", "--iterations N"]),
        (("official", "x.pth", "--iterations", "2"), ["import-weights official", "--iterations", "fhdr"]),
        (("official", "x.pth", "out.pth"), ["out.pth", ".safetensors"]),
        (("official", "nowhere.pth"), ["nowhere.pth"]),
    ],
)
def test_what_cannot_be_imported_is_refused_in_one_line(arguments, named, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with refusal_of(*named):
        raise _run_of_import_weights(*arguments).exception
    assert list(tmp_path.iterdir()) == []


def _published(path) -> None:
    """ExpandNet's published names: an activated layer is a Sequential, the last of a branch is bare."""
    branches = {
        "local_net": [(3, 64, 3), (64, 128, 3)],
        "mid_net": [(3, 64, 3), (64, 64, 3), (64, 64, 3), (64, 64, 3)],
        "glob_net": [(3, 64, 3), *[(64, 64, 3)] * 5, (64, 64, 4)],
        "end_net": [(256, 64, 1), (64, 3, 1)],
    }
    state = {}
    for name, layers in branches.items():
        for place, (inputs, outputs, side) in enumerate(layers):
            activated = name == "local_net" or place < len(layers) - 1
            key = f"{name}.{place}" + (".0" if activated else "")
            state |= {
                f"{key}.weight": 0.05 * torch.randn(outputs, inputs, side, side),
                f"{key}.bias": torch.zeros(outputs),
            }
    torch.save(state, path)


def test_a_published_file_becomes_weights_that_every_verb_takes(tmp_path):
    _published(tmp_path / "weights.pth")
    result = _run_of_import_weights("expandnet", tmp_path / "weights.pth")
    assert result.exit_code == 0, result.output
    assert "456,899 parameters" in result.output
    imported = load_weights(tmp_path / "weights.safetensors")
    assert isinstance(imported, ExpandNet)
    assert read_header(tmp_path / "weights.safetensors")["origin"] == "expandnet: weights.pth"
    with torch.no_grad():
        ldr = torch.rand(1, 3, 32, 32)
        torch.testing.assert_close(imported(ldr), load_expandnet(tmp_path / "weights.pth")(ldr))
