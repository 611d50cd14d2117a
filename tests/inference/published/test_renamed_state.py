from pathlib import Path

import pytest
import torch
from torch import nn

from twostage_hdr.errors import InputError
from twostage_hdr.inference.published.renamed_state import load_renamed

NAMES = {"0": "theirs"}


def save(path: Path, state: object) -> Path:
    torch.save(state, path)
    return path


def layer() -> dict[str, torch.Tensor]:
    return {"theirs.weight": torch.rand(2, 3), "theirs.bias": torch.rand(2)}


@pytest.mark.parametrize("prefix", ["", "module."])
def test_tensors_find_their_layer_also_when_saved_from_several_gpus(prefix: str, tmp_path: Path) -> None:
    state = layer()
    path = save(tmp_path / "w.pth", {prefix + name: value for name, value in state.items()})
    network = load_renamed(path, nn.Sequential(nn.Linear(3, 2)), NAMES)
    torch.testing.assert_close(network[0].weight.data, state["theirs.weight"])
    assert not network.training


@pytest.mark.parametrize(
    ("state", "complaint"),
    [
        ([1, 2], "holds a list"),
        ({"theirs.weight": torch.rand(2, 3)}, r"'theirs\.bias' is missing"),
        (layer() | {"theirs.bias": torch.rand(3)}, r"has shape \(3,\), not \(2,\)"),
        (layer() | {"theirs.bias": torch.tensor([1.0, float("nan")])}, "not finite"),
        (layer() | {"other.bias": torch.rand(3)}, r"unexpected tensor 'other\.bias'"),
    ],
)
def test_other_contents_are_refused_in_one_line(state: object, complaint: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=complaint) as error:
        load_renamed(save(tmp_path / "w.pth", state), nn.Sequential(nn.Linear(3, 2)), NAMES)
    assert "\n" not in str(error.value)
    assert "w.pth" in str(error.value)
