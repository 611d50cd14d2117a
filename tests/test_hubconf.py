"""torch.hub finds the networks in a checkout."""

import subprocess
import sys
from pathlib import Path

import pytest
import torch

from twostage_hdr.inference.weights import save_weights
from twostage_hdr.networks.two_stage import TwoStageNetwork

ROOT = Path(__file__).parents[1]


def _load(entry: str, **arguments: object) -> torch.nn.Module:
    return torch.hub.load(str(ROOT), entry, source="local", trust_repo=True, **arguments)


def test_two_stage_without_weights_is_the_papers_network():
    network = _load("two_stage", pretrained=False)
    assert sum(parameter.numel() for parameter in network.parameters()) == 834_476


def test_two_stage_comes_with_the_packages_weights():
    network = _load("two_stage")
    assert not network.training
    with torch.no_grad():
        assert network(torch.rand(1, 3, 8, 9)).shape == (1, 3, 8, 9)


@pytest.mark.parametrize("entry", ["two_stage_context", "two_stage_any"])
def test_the_variants_have_entries(entry: str):
    network, fresh = _load(entry), _load(entry, pretrained=False)
    assert not network.training
    assert {name: weight.shape for name, weight in network.state_dict().items()} == {
        name: weight.shape for name, weight in fresh.state_dict().items()
    }


def test_load_model_takes_a_file(tmp_path):
    stored = TwoStageNetwork(features=8, growth=4).eval()
    save_weights(tmp_path / "net.safetensors", stored)
    ldr = torch.rand(1, 3, 5, 6)
    assert torch.equal(_load("load_model", weights=str(tmp_path / "net.safetensors"))(ldr), stored(ldr))


def test_a_checkout_that_is_not_installed_is_enough():
    """In a process whose path has no installed twostage_hdr, only its dependencies."""
    program = (
        "import sys, torch\n"
        f"sys.path = [place for place in sys.path if not place.startswith({str(ROOT / 'src')!r})]\n"
        "sys.meta_path = [finder for finder in sys.meta_path if 'editable' not in str(finder).lower()]\n"
        f"print(type(torch.hub.load({str(ROOT)!r}, 'two_stage', source='local', pretrained=False)).__name__)\n"
    )
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd="/")
    assert told.stdout.strip() == "TwoStageNetwork"
