from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from tests.refusal import refusal_of
from twostage_hdr.inference.published.official import load_official


def conv(inputs: int, outputs: int, side: int, bias: bool = True) -> nn.Conv2d:
    return nn.Conv2d(inputs, outputs, side, padding=side // 2, bias=bias)


def published_stage(blocks: list[str], attentions: list[str], unused: dict[str, nn.Module]) -> nn.Module:
    """The published stage's parameters under their published names; `published_output` has the arithmetic."""
    stage = nn.Module()
    stage.inpConv = conv(3, 64, 3)
    for block, attention in zip(blocks, attentions, strict=True):
        dense = nn.Module()
        for i in range(5):
            setattr(dense, f"conv{i + 1}", conv(64 + 32 * i, 32 if i < 4 else 64, 3))
        setattr(stage, block, nn.ModuleDict({"RDB1": dense}))
        gate = nn.ModuleDict({"conv1": conv(2, 1, 7, bias=False)})
        setattr(stage, attention, nn.ModuleDict({"spatialAttenton": gate, "conv": conv(64, 64, 3)}))
    stage.convOut = conv(64, 3, 1)
    for name, module in unused.items():
        setattr(stage, name, module)
    return stage


def published_output(weights: dict[str, Tensor], image: Tensor, blocks: list[tuple[str, str]], m: float) -> Tensor:
    """The published arithmetic, straight from the published names."""

    def apply(name: str, x: Tensor) -> Tensor:
        weight = weights[f"{name}.weight"]
        return torch.conv2d(x, weight, weights.get(f"{name}.bias"), padding=weight.shape[-1] // 2)

    x = apply("inpConv", image)
    for block, attention in blocks:
        seen = x
        for i in range(1, 5):
            seen = torch.cat([seen, apply(f"{block}.RDB1.conv{i}", seen).clamp(min=0)], dim=1)
        inner = m * apply(f"{block}.RDB1.conv5", seen) + x
        pooled = torch.stack([x.mean(dim=1), x.max(dim=1).values], dim=1)
        gate = 1 / (1 + torch.exp(-apply(f"{attention}.spatialAttenton.conv1", pooled)))
        x = 0.8 * inner + x + gate * apply(f"{attention}.conv", x)
    return (apply("convOut", x) + image).clamp(min=0)


def squeeze() -> nn.Module:
    return nn.ModuleDict({"fc": nn.Sequential(nn.Linear(64, 4, bias=False), nn.ReLU(), nn.Linear(4, 64, bias=False))})


@pytest.fixture
def checkpoint() -> dict:
    """As the published training code saves it: three networks, three optimisers, a whole schedule object."""
    torch.manual_seed(1)
    dead_block = nn.ModuleDict({"RDB1": nn.ModuleDict({"conv1": conv(64, 32, 3)})})
    gates = {"noiseGate1": conv(64, 64, 1), "norm1": nn.BatchNorm2d(64)}
    one = published_stage(
        ["block1", "block2"],
        ["attentionSpatial1", "attentionSpatial2"],
        gates | {"attention1": squeeze(), "attention2": squeeze(), "noiseGate2": conv(64, 64, 1)},
    )
    two = published_stage(["blockG"], ["attentionSpatial"], gates | {"attention": squeeze(), "block1": dead_block})
    critic = nn.Sequential(conv(3, 64, 3), nn.BatchNorm2d(64))
    optimisers = [torch.optim.Adam(network.parameters(), lr=5e-4) for network in (one, two, critic)]
    sum(parameter.square().sum() for parameter in two.parameters()).backward()
    optimisers[1].step()
    return {
        "step": 75001,
        "stateDictEG": one.state_dict(),
        "stateDictER": two.state_dict(),
        "stateDictED": critic.state_dict(),
        "optimizerEG": optimisers[0].state_dict(),
        "optimizerER": optimisers[1].state_dict(),
        "optimizerED": optimisers[2].state_dict(),
        "schedulerLR": torch.optim.lr_scheduler.StepLR(optimisers[1], step_size=1, gamma=0.01),
    }


@pytest.mark.parametrize("zip_format", [False, True], ids=["legacy", "zip"])
def test_the_imported_network_gives_the_published_networks_outputs(
    checkpoint: dict, tmp_path: Path, zip_format: bool
) -> None:
    torch.save(checkpoint, tmp_path / "two_stage.pth", _use_new_zipfile_serialization=zip_format)
    with pytest.raises(Exception, match="StepLR"):  # why a plain load will not do
        torch.load(tmp_path / "two_stage.pth", weights_only=True)
    image = torch.rand(2, 3, 33, 18)
    one, two = checkpoint["stateDictEG"], checkpoint["stateDictER"]
    names = [("block1", "attentionSpatial1"), ("block2", "attentionSpatial2")]
    enhanced = published_output(one, image, names, m=0.2)
    hdr = published_output(two, enhanced, [("blockG", "attentionSpatial")], m=0.5)
    with torch.no_grad():
        ours = load_official(tmp_path / "two_stage.pth").stages(image)
    assert (hdr - image).abs().max() > 0.05  # the network does something
    torch.testing.assert_close(ours.enhanced, enhanced, rtol=0, atol=1e-5)
    torch.testing.assert_close(ours.hdr, hdr, rtol=0, atol=1e-5)


def drop(stage: str, key: str) -> Callable[[dict], object]:
    return lambda checkpoint: checkpoint[stage].pop(key)


def put(stage: str, key: str, value: object) -> Callable[[dict], object]:
    return lambda checkpoint: checkpoint[stage].update({key: value})


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (drop("stateDictEG", "block2.RDB1.conv5.bias"), ["'stateDictEG.block2.RDB1.conv5.bias'"]),
        (drop("stateDictER", "attentionSpatial.spatialAttenton.conv1.weight"), ["spatialAttenton.conv1.weight"]),
        (put("stateDictEG", "block3.RDB1.conv1.bias", torch.ones(32)), ["'stateDictEG.block3.RDB1.conv1.bias'"]),
        (put("stateDictEG", "convOut.scale", torch.ones(3)), ["'stateDictEG.convOut.scale'"]),
        (put("stateDictER", "inpConv.bias", torch.ones(65)), ["'stateDictER.inpConv.bias'", "(65,)", "(64,)"]),
        (
            put("stateDictER", "inpConv.bias", torch.full((64,), torch.nan)),
            ["'stateDictER.inpConv.bias'", "64 of 64", "NaN"],
        ),
        (put("stateDictER", "inpConv.bias", "text"), ["'stateDictER.inpConv.bias'"]),
        (lambda checkpoint: checkpoint.pop("stateDictER"), ["'stateDictER'"]),
        (lambda checkpoint: checkpoint.update(stateDictXX={}), ["'stateDictXX'"]),
    ],
)
def test_whatever_is_missing_or_unexpected_is_named(
    checkpoint: dict, tmp_path: Path, change: Callable[[dict], object], named: list[str]
) -> None:
    change(checkpoint)
    torch.save(checkpoint, tmp_path / "x.pth", _use_new_zipfile_serialization=False)
    with refusal_of(tmp_path / "x.pth", *named):
        load_official(tmp_path / "x.pth")


def test_a_file_that_holds_no_dictionary_is_refused(tmp_path: Path) -> None:
    torch.save([1, 2], tmp_path / "x.pth")
    with refusal_of(tmp_path / "x.pth", "list"):
        load_official(tmp_path / "x.pth")
