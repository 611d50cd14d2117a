from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tests.refusal import refusal_of
from twostage_hdr.inference.published.renamed_state import load_expandnet, load_fhdr, load_renamed

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
    ("state", "seen"),
    [
        ([1, 2], ["list"]),
        ({"theirs.weight": torch.rand(2, 3)}, ["'theirs.bias'"]),
        (layer() | {"theirs.bias": torch.rand(3)}, ["'theirs.bias'", "(3,)", "(2,)"]),
        (layer() | {"theirs.bias": torch.tensor([1.0, float("nan")])}, ["'theirs.bias'", "1 of 2", "NaN"]),
        (layer() | {"other.bias": torch.rand(3)}, ["'other.bias'"]),
    ],
)
def test_other_contents_are_refused_in_one_line(state: object, seen: list[str], tmp_path: Path) -> None:
    with refusal_of(tmp_path / "w.pth", *seen):
        load_renamed(save(tmp_path / "w.pth", state), nn.Sequential(nn.Linear(3, 2)), NAMES)


BRANCHES = {  # (in, out, kernel, stride, padding, dilation, activated), one after the other
    "local_net": [(3, 64, 3, 1, 1, 1, True), (64, 128, 3, 1, 1, 1, True)],
    "mid_net": [(3, 64, 3, 1, 2, 2, True), *[(64, 64, 3, 1, 2, 2, True)] * 2, (64, 64, 3, 1, 2, 2, False)],
    "glob_net": [(3, 64, 3, 2, 1, 1, True), *[(64, 64, 3, 2, 1, 1, True)] * 5, (64, 64, 4, 1, 0, 1, False)],
    "end_net": [(256, 64, 1, 1, 0, 1, True), (64, 3, 1, 1, 0, 1, False)],
}


@pytest.fixture
def published() -> nn.ModuleDict:
    """The published modules' tree, and so their names: an activated layer is a Sequential, a bare one is not."""
    tree = nn.ModuleDict()
    for name, layers in BRANCHES.items():
        tree[name] = nn.Sequential()
        for *shape, activated in layers:
            convolution = nn.Conv2d(*shape)
            tree[name].append(nn.Sequential(convolution, nn.SELU()) if activated else convolution)
    return tree


def test_the_same_input_gives_the_same_network_output(published: nn.ModuleDict, tmp_path: Path) -> None:
    torch.save(published.state_dict(), tmp_path / "weights.pth")
    network, image = load_expandnet(tmp_path / "weights.pth"), torch.rand(1, 3, 40, 56)
    with torch.no_grad():
        view = nn.functional.interpolate(image, (256, 256), mode="bilinear", align_corners=False)
        context = published["glob_net"](view).expand(1, 64, 40, 56)
        joined = torch.cat([published["local_net"](image), published["mid_net"](image), context], dim=1)
        expected = torch.sigmoid(published["end_net"](joined))
        torch.testing.assert_close(network.normalised(image), expected, atol=1e-5, rtol=0)


State = dict[str, Tensor]


@pytest.fixture
def state() -> State:
    """A checkpoint with the published names and shapes and random values."""
    shapes = {"feb1": (64, 3, 3), "feb2": (64, 64, 3), "hrb1": (64, 64, 3), "hrb2": (3, 64, 3)}
    shapes |= {"feedback_block.compress_in": (64, 128, 1), "feedback_block.GFF_3x3": (64, 64, 3)}
    unbiased = {}
    for block in (1, 2, 3):
        shapes[f"feedback_block.DRDB{block}.compress"] = (64, 128, 1)
        unbiased[f"feedback_block.DRDB{block}.conv_1x1"] = (64, 192, 1)
        for layer in range(4):
            unbiased[f"feedback_block.DRDB{block}.dense_layers.{layer}.conv"] = (32, 64 + 32 * layer, 3)
    random = lambda o, i, k: torch.randn(o, i, k, k) * (2 / (i * k * k)) ** 0.5  # noqa: E731
    weights = {f"{name}.weight": random(*shape) for name, shape in (shapes | unbiased).items()}
    return weights | {f"{name}.bias": 0.1 * torch.randn(shape[0]) for name, shape in shapes.items()}


def published_outputs(state: State, image: Tensor, iterations: int) -> list[Tensor]:
    """The published network's first call, from its description, as functions of a state dictionary."""

    def conv(name: str, x: Tensor, padding: int = 0, dilation: int = 1) -> Tensor:
        return F.conv2d(x, state[f"{name}.weight"], state.get(f"{name}.bias"), padding=padding, dilation=dilation)

    f1 = conv("feb1", F.pad(image, (1, 1, 1, 1), mode="reflect")).relu()
    f2 = conv("feb2", f1, padding=1).relu()
    memory: dict[str, Tensor] = {}
    outputs = []
    for _ in range(iterations):
        x = conv("feedback_block.compress_in", torch.cat((f2, memory.get("block", f2)), 1))
        for block in ("DRDB1", "DRDB2", "DRDB3"):
            name = f"feedback_block.{block}"
            x = conv(f"{name}.compress", torch.cat((x, memory.get(block, x)), 1))
            for layer in range(4):
                grown = conv(f"{name}.dense_layers.{layer}.conv", x, padding=2, dilation=2).relu()
                x = torch.cat((x, grown), 1)
            memory[block] = x = conv(f"{name}.conv_1x1", x)
        memory["block"] = x = conv("feedback_block.GFF_3x3", x, padding=1).relu()
        x = conv("hrb1", x + f1, padding=1).relu()
        outputs.append(conv("hrb2", F.pad(x, (1, 1, 1, 1), mode="reflect")).tanh())
    return outputs


@pytest.mark.parametrize("iterations", [1, 3])
def test_the_same_input_gives_the_same_network_output_of_fhdr(state: State, iterations: int, tmp_path: Path) -> None:
    torch.save({f"module.{name}": value for name, value in state.items()}, tmp_path / "latest.ckpt")
    network, ldr = load_fhdr(tmp_path / "latest.ckpt", iterations=iterations), torch.rand(1, 3, 24, 20)
    expected = published_outputs(state, 2 * ldr - 1, iterations)
    with torch.no_grad():
        torch.testing.assert_close(network.raw(2 * ldr - 1), torch.stack(expected), atol=1e-5, rtol=0)
        torch.testing.assert_close(network(ldr), (expected[-1] + 1) / 2, atol=1e-5, rtol=0)


def test_no_iteration_at_all_is_refused(state: State, tmp_path: Path) -> None:
    torch.save(state, tmp_path / "latest.ckpt")
    with refusal_of("iterations", 0):
        load_fhdr(tmp_path / "latest.ckpt", iterations=0)
