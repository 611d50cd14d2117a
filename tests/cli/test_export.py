import pytest
import torch
from typer.testing import CliRunner

from twostage_hdr.cli.main import app
from twostage_hdr.errors import InputError
from twostage_hdr.inference.weights import load_weights, read_header, save_weights
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
    for target, words in ((tmp_path / "net.doc", "cannot export to .doc"), (weights, "is the source itself")):
        error = _run(weights, target).exception
        assert isinstance(error, InputError)
        assert words in str(error)


def test_a_target_that_exists_is_replaced_only_on_request(tmp_path, weights):
    target = tmp_path / "out.safetensors"
    target.write_bytes(b"mine")
    error = _run(weights, target).exception
    assert isinstance(error, InputError)
    assert f"{target}: exists; --overwrite replaces it" in str(error)
    assert target.read_bytes() == b"mine"
    assert _run(weights, target, "--overwrite").exit_code == 0
    assert read_header(target)["hyper_parameters"]["features"] == 8


@pytest.mark.parametrize(
    ("note", "said"),
    [("bad", "expected KEY=VALUE"), ("=x", "expected KEY=VALUE"), ("network=x", "network is told by the file itself")],
)
def test_a_note_that_would_be_lost_is_refused(tmp_path, weights, note, said):
    assert f"--note {note}: {said}" in str(_run(weights, tmp_path / "a.safetensors", "--note", note).exception)
    assert not (tmp_path / "a.safetensors").exists()


@pytest.mark.parametrize("suffix", [pytest.param(".onnx", marks=pytest.mark.slow), ".pt2"])
def test_other_programs_files_are_written_and_take_no_notes(tmp_path, weights, suffix):
    if suffix == ".onnx":
        pytest.importorskip("onnxscript")
    result = _run(weights, tmp_path / f"out{suffix}")
    assert result.exit_code == 0, result.output
    assert "TwoStageNetwork" in result.output
    assert (tmp_path / f"out{suffix}").stat().st_size > 10_000
    assert "--note is for .safetensors only" in str(_run(weights, tmp_path / f"b{suffix}", "--note", "a=b").exception)
