import pytest
import torch
from typer.testing import CliRunner

from twostage_hdr.cli.main import app
from twostage_hdr.errors import InputError
from twostage_hdr.inference.published.expandnet import load_expandnet
from twostage_hdr.inference.weights import load_weights, read_header
from twostage_hdr.networks.baselines.expandnet import ExpandNet


def _run(*arguments):
    return CliRunner().invoke(app, ["import-weights", *map(str, arguments)])


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("unknown", "x.pth"), "choose one of official, expandnet, hdrcnn, fhdr"),
        (("fhdr", "x.ckpt"), "--iterations N"),
        (("official", "x.pth", "--iterations", "2"), "for fhdr only"),
        (("official", "x.pth", "out.pth"), "written as .safetensors"),
        (("official", "nowhere.pth"), "nowhere.pth"),
    ],
)
def test_what_cannot_be_imported_is_refused_in_one_line(arguments, words, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    error = _run(*arguments).exception
    assert isinstance(error, InputError)
    assert words in str(error)
    assert "\n" not in str(error)
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
    result = _run("expandnet", tmp_path / "weights.pth")
    assert result.exit_code == 0, result.output
    assert "456,899 parameters" in result.output
    imported = load_weights(tmp_path / "weights.safetensors")
    assert isinstance(imported, ExpandNet)
    assert read_header(tmp_path / "weights.safetensors")["origin"] == "expandnet: weights.pth"
    with torch.no_grad():
        ldr = torch.rand(1, 3, 32, 32)
        torch.testing.assert_close(imported(ldr), load_expandnet(tmp_path / "weights.pth")(ldr))
