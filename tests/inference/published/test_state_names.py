"""Published state dictionaries against the authors' programs.

`EXPECTED` was computed with the authors' own code (GitHub: chxy95/HDRUNet, AndreGuo/LHDR, qtlark/GMNet,
marcelsan/Deep-HdrReconstruction), filled by `filled` and run on `frame`: a digest of its tensors' names and shapes, and
its output at three pixels. With LHDR's published `params.pth` the two programs agreed to 2e-7.
"""

import hashlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

import pytest
import torch
from torch import Tensor, nn

from tests.refusal import refusal_of
from twostage_hdr.inference.published import state_names
from twostage_hdr.inference.published.state_names import (
    NAMES,
    load_gmnet,
    load_hdrunet,
    load_lhdr,
    load_maskhdr,
)

POINTS = ((3, 5), (40, 20), (63, 47))
UPDATED = ".mask_update_conv.weight"
"""MaskHDR's file also has the absolute values of its weights."""


class Expected(NamedTuple):
    load: Callable[[Path], nn.Module]
    result: Callable[[nn.Module, Tensor], Tensor]
    digest: str
    values: list[list[float]]


def gmnet_result(network: nn.Module, ldr: Tensor) -> Tensor:
    normalised, largest = network.maps(ldr)  # type: ignore[operator]
    return normalised * largest


EXPECTED = {
    "hdrunet": Expected(
        load_hdrunet,
        lambda network, ldr: network.supervised_output(ldr),
        "87aaa14b3d326ce2",
        [
            [-0.00503108, -0.0337558, -0.019982],
            [-0.0300607, -0.0343435, 0.000850819],
            [-0.0467112, -0.0462443, 0.00448643],
        ],
    ),
    "lhdr": Expected(
        load_lhdr,
        lambda network, ldr: network.supervised_output(ldr),
        "c1a3c1869e6b4dfc",
        [[0.0376985, 0.0, 0.10669], [0.0627402, 0.0, 0.0230867], [0.0912832, 0.0356852, 0.0]],
    ),
    "gmnet": Expected(load_gmnet, gmnet_result, "eb46e05592445866", [[-0.00825222], [-0.00814486], [-0.00687164]]),
    "maskhdr": Expected(
        load_maskhdr,
        lambda network, ldr: network.logarithm(ldr),
        "07413d66c616418d",
        [
            [0.0547958, 0.0546413, -0.061613],
            [0.0800454, 0.135487, 0.00839705],
            [0.0575799, 0.108754, -0.000637132],
        ],
    ),
}
every_method = pytest.mark.parametrize("expected", EXPECTED.values(), ids=EXPECTED)


def frame() -> Tensor:
    """An 8-bit frame of 64 x 48 px, a part of it clipped."""
    y, x = torch.meshgrid(torch.arange(64.0), torch.arange(48.0), indexing="ij")
    channels = [(0.5 + 0.6 * torch.sin(y / 9 + c) * torch.cos(x / 7 + c)).clamp(0, 1) for c in range(3)]
    return (torch.stack(channels)[None] * 255).round() / 255


def filled(shapes: Mapping[str, torch.Size]) -> dict[str, Tensor]:
    """Weights by a formula, the same on every machine."""
    state = {}
    for place, (name, shape) in enumerate(sorted(shapes.items())):
        scale = 1.2 / (shape[1:].numel() ** 0.5) if len(shape) > 1 else 0.05
        values = torch.sin(torch.arange(shape.numel(), dtype=torch.float64) * 1.7 + place) * scale
        state[name] = values.reshape(shape).float()
    return state


def published_shapes(network: nn.Module) -> dict[str, torch.Size]:
    names = NAMES[type(network)]
    ours = {name: value.shape for name, value in network.state_dict().items()}
    return {f"{names[name.rpartition('.')[0]]}.{name.rpartition('.')[2]}": shape for name, shape in ours.items()}


def network_of(expected: Expected) -> nn.Module:
    kinds = {"load_hdrunet": "HDRUNet", "load_lhdr": "LHDR", "load_gmnet": "GMNet", "load_maskhdr": "MaskHDR"}
    built: nn.Module = getattr(state_names, kinds[expected.load.__name__])()
    return built


@every_method
def test_names_and_shapes_are_those_of_the_authors_program(expected: Expected) -> None:
    shapes = published_shapes(network_of(expected))
    if expected.load is load_maskhdr:
        shapes |= {f"{name.rpartition('.input_conv')[0]}{UPDATED}": s for name, s in shapes.items() if len(s) > 1}
    lines = "\n".join(f"{name} {tuple(shape)}" for name, shape in sorted(shapes.items()))
    assert hashlib.sha256(lines.encode()).hexdigest()[:16] == expected.digest


@every_method
def test_the_same_weights_give_the_authors_programs_output(expected: Expected, tmp_path: Path) -> None:
    state: object = {f"module.{name}": value for name, value in filled(published_shapes(network_of(expected))).items()}
    if expected.load is load_maskhdr:
        assert isinstance(state, dict)
        state = {"n_iter": 5, "model": state | {f"module.enc_1.conv{UPDATED}": torch.rand(2)}}
    torch.save(state, tmp_path / "published.pth")
    network = expected.load(tmp_path / "published.pth")
    assert not network.training
    with torch.no_grad():
        result = expected.result(network, frame())[0]
    for (row, column), values in zip(POINTS, expected.values, strict=True):
        torch.testing.assert_close(result[:, row, column], torch.tensor(values), rtol=1e-3, atol=2e-6)


@every_method
def test_another_methods_file_is_refused_in_one_line(expected: Expected, tmp_path: Path) -> None:
    torch.save({"conv.weight": torch.rand(3, 3)}, tmp_path / "other.pth")
    with refusal_of(tmp_path / "other.pth"):
        expected.load(tmp_path / "other.pth")
