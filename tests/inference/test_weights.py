import json
import pickle
import struct
import time
import zipfile
from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import nn

from tests.refusal import refusal_of
from twostage_hdr.inference import weights
from twostage_hdr.inference.network_description import describe_network
from twostage_hdr.inference.weights import (
    SHIPPED,
    default_weights,
    find_weights,
    load_weights,
    read_checkpoint,
    read_header,
    save_weights,
    shipped_weights,
)
from twostage_hdr.networks.baselines.expandnet import ExpandNet
from twostage_hdr.networks.stage import Stage
from twostage_hdr.networks.two_stage import TwoStageNetwork

NETWORKS = "twostage_hdr.networks"
STAGE = f"{NETWORKS}.stage.Stage"


def tiny() -> TwoStageNetwork:
    return TwoStageNetwork(features=8, growth=4, enhancement_blocks=1, tone_mapping_residual_factor=0.3)


def checkpoint_of(network: nn.Module) -> dict[str, object]:
    """What Lightning writes of a module that holds the network and other things."""
    state = {f"network.{name}": value for name, value in network.state_dict().items()}
    return {
        "state_dict": state | {"discriminator.bias": torch.zeros(3)},
        "network": describe_network(network),
        "epoch": 3,
    }


def write_run(folder: Path, **checkpoints: nn.Module) -> Path:
    (folder / "checkpoints").mkdir(parents=True)
    for name, network in checkpoints.items():
        torch.save(checkpoint_of(network), folder / "checkpoints" / f"{name}.ckpt")
    return folder


def assert_same(loaded: nn.Module, network: nn.Module) -> None:
    assert type(loaded) is type(network)
    assert not loaded.training
    image = torch.rand(1, 3, 9, 7)
    assert torch.equal(loaded(image), network(image))


def assert_refused(path: Path, *values: object) -> None:
    """In one line that names the file and the values."""
    with refusal_of(path, *values):
        load_weights(path)


# Round trips.


@pytest.mark.parametrize("network", [tiny(), Stage(features=8, growth=4, blocks=3, attention=False)])
def test_a_saved_file_alone_gives_the_same_network_back(tmp_path: Path, network: nn.Module) -> None:
    save_weights(tmp_path / "w.safetensors", network)
    assert_same(load_weights(tmp_path / "w.safetensors"), network)


def test_the_header_is_readable_by_anyone_and_keeps_the_notes(tmp_path: Path) -> None:
    save_weights(tmp_path / "w.safetensors", tiny(), {"recipe": "experiment=demo", "licence": "MIT"})
    with safe_open(tmp_path / "w.safetensors", framework="pt") as file:
        header = file.metadata()
    assert header["network"] == "twostage_hdr.networks.two_stage.TwoStageNetwork"
    assert header["output"] == "encoded"
    assert json.loads(header["hyper_parameters"])["tone_mapping_residual_factor"] == 0.3
    assert read_header(tmp_path / "w.safetensors")["recipe"] == "experiment=demo"
    assert read_header(tmp_path / "w.safetensors")["hyper_parameters"]["features"] == 8


def test_a_linear_network_says_so(tmp_path: Path) -> None:
    save_weights(tmp_path / "w.safetensors", ExpandNet())
    assert read_header(tmp_path / "w.safetensors")["output"] == ExpandNet.output


def test_a_lightning_checkpoint_gives_its_network_and_nothing_else(tmp_path: Path) -> None:
    network = tiny()
    torch.save(checkpoint_of(network), tmp_path / "last.ckpt")
    assert_same(load_weights(str(tmp_path / "last.ckpt")), network)


def test_a_run_gives_its_best_checkpoint_else_its_last(tmp_path: Path) -> None:
    best, last = tiny(), tiny()
    assert_same(load_weights(write_run(tmp_path / "both", best=best, last=last)), best)
    assert_same(load_weights(write_run(tmp_path / "one", last=last)), last)


def test_a_shipped_set_is_found_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(weights, "SHIPPED", tmp_path)
    network = tiny()
    save_weights(tmp_path / "demo.safetensors", network)
    assert shipped_weights() == ["demo"]
    assert default_weights() == "demo"
    assert_same(load_weights("demo"), network)
    save_weights(tmp_path / "two_stage.safetensors", network)
    assert default_weights() == "two_stage"


def test_saving_replaces_atomically_and_leaves_nothing_behind(tmp_path: Path) -> None:
    for network in (tiny(), tiny()):
        save_weights(tmp_path / "w.safetensors", network)
    assert_same(load_weights(tmp_path / "w.safetensors"), network)
    assert [file.name for file in tmp_path.iterdir()] == ["w.safetensors"]


def test_all_shipped_sets_load() -> None:
    for name in shipped_weights():
        assert not load_weights(name).training


@pytest.mark.parametrize("name", ["two_stage", "two_stage_gamma"])
def test_the_shipped_sets_with_context_hold_the_sets_without_it(name: str) -> None:
    alone, inside = load_weights(name), load_weights(f"{name}_context").get_submodule("two_stage")
    assert_same(inside, alone)


# Names that stand for nothing.


def test_an_unknown_name_is_refused_with_the_shipped_ones(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(weights, "SHIPPED", tmp_path)
    with refusal_of("weights", "--weights"):
        default_weights()
    save_weights(tmp_path / "demo.safetensors", tiny())
    with refusal_of("'dmeo'", "demo"):
        load_weights("dmeo")


def test_folders_without_checkpoints_and_other_files_are_refused_with_the_cure(tmp_path: Path) -> None:
    assert_refused(tmp_path, "checkpoints/best.ckpt", "last.ckpt")
    (tmp_path / "net.pth").write_bytes(b"")
    with refusal_of(tmp_path / "net.pth", ".ckpt", ".safetensors", "import-weights"):
        find_weights(tmp_path / "net.pth")


# Hostile and damaged files.


class Payload:
    """Creates a file when it is unpickled."""

    def __init__(self, target: Path) -> None:
        self.target = target

    def __reduce__(self) -> tuple[object, ...]:
        return (Path.touch, (self.target,))


@pytest.mark.parametrize("form", ["in the checkpoint", "as a bare pickle"])
def test_code_in_a_checkpoint_is_not_run(tmp_path: Path, form: str) -> None:
    trap, file = tmp_path / "trap", tmp_path / "evil.ckpt"
    content = checkpoint_of(tiny()) | {"extra": Payload(trap)}
    if form == "in the checkpoint":
        torch.save(content, file)
    else:
        file.write_bytes(pickle.dumps(content))
    assert_refused(file)
    assert not trap.exists()
    # The trap does work: a reader that trusts the file falls into it.
    torch.load(file, weights_only=False) if form == "in the checkpoint" else pickle.loads(file.read_bytes())
    assert trap.exists()


def test_a_good_checkpoint_needs_no_trust(tmp_path: Path) -> None:
    torch.save(checkpoint_of(tiny()), tmp_path / "good.ckpt")
    assert read_checkpoint(tmp_path / "good.ckpt")["epoch"] == 3


@pytest.mark.parametrize("suffix", ["ckpt", "safetensors"])
@pytest.mark.parametrize("keep", [0, 7, 100, 0.5, 0.99])
def test_files_that_are_cut_short_are_refused(tmp_path: Path, suffix: str, keep: float) -> None:
    file = tmp_path / f"short.{suffix}"
    if suffix == "ckpt":
        torch.save(checkpoint_of(tiny()), file)
    else:
        save_weights(file, tiny())
    content = file.read_bytes()
    file.write_bytes(content[: int(keep * len(content)) if isinstance(keep, float) else keep])
    assert_refused(file)


@pytest.mark.parametrize("suffix", ["ckpt", "safetensors"])
def test_a_flipped_byte_anywhere_in_the_weights_is_found(tmp_path: Path, suffix: str) -> None:
    network = tiny()
    with torch.no_grad():
        network.enhancement.conv_in.weight.fill_(0.75)
    file = tmp_path / f"flipped.{suffix}"
    torch.save(checkpoint_of(network), file) if suffix == "ckpt" else save_weights(file, network)
    content = bytearray(file.read_bytes())
    place = content.index(struct.pack("<f", 0.75) * 4)
    content[place + 3] ^= 1
    file.write_bytes(content)
    assert_refused(file, "flipped/data/0" if suffix == "ckpt" else weights.CHECKSUM)


def test_damage_to_a_shipped_set_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (weights.CHECKSUMS, "two_stage.safetensors"):
        (tmp_path / name).write_bytes((weights.SHIPPED / name).read_bytes())
    monkeypatch.setattr(weights, "SHIPPED", tmp_path)
    content = bytearray((tmp_path / "two_stage.safetensors").read_bytes())
    load_weights("two_stage")
    content[-1] ^= 1
    (tmp_path / "two_stage.safetensors").write_bytes(content)
    with refusal_of("two_stage.safetensors", "sha256", weights.CHECKSUMS):
        load_weights("two_stage")


def test_every_shipped_set_is_in_the_list_of_checksums() -> None:
    lines = (weights.SHIPPED / weights.CHECKSUMS).read_text().splitlines()
    assert sorted(line.split()[1] for line in lines) == sorted(file.name for file in SHIPPED.glob("*.safetensors"))


def test_a_file_without_a_checksum_still_loads(tmp_path: Path) -> None:
    network = tiny()
    described = describe_network(network)
    header = described | {"hyper_parameters": json.dumps(described["hyper_parameters"])}
    save_file(dict(network.state_dict()), tmp_path / "old.safetensors", metadata=header)
    assert_same(load_weights(tmp_path / "old.safetensors"), network)


@pytest.mark.parametrize("name", ["enhancement_blocks", "features"])
def test_a_header_of_a_giant_network_is_refused_before_it_is_built(tmp_path: Path, name: str) -> None:
    for value in (10**9, 1000):
        network = tiny()
        described = describe_network(network)
        header = described | {"hyper_parameters": json.dumps(described["hyper_parameters"] | {name: value})}
        save_file(dict(network.state_dict()), tmp_path / "w.safetensors", metadata=header)
        began = time.monotonic()
        assert_refused(tmp_path / "w.safetensors", name, f"{value:g}")
        assert time.monotonic() - began < 10


def test_a_packed_checkpoint_is_refused_unread(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "bomb.ckpt", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("archive/data.pkl", pickle.dumps({}, protocol=2))
        archive.writestr("archive/data/0", bytes(2**24))
    assert_refused(tmp_path / "bomb.ckpt", "archive/data.pkl")


@pytest.mark.parametrize("suffix", ["ckpt", "safetensors"])
def test_garbage_is_refused(tmp_path: Path, suffix: str) -> None:
    (tmp_path / f"w.{suffix}").write_bytes(bytes(range(256)) * 8)
    assert_refused(tmp_path / f"w.{suffix}")


@pytest.mark.parametrize(
    "content",
    [
        torch.zeros(3),
        [1, 2],
        {},
        {"state_dict": {}},
        {"state_dict": torch.zeros(2), "network": {"network": STAGE, "hyper_parameters": {}}},
        {"state_dict": {}, "network": "Stage"},
        {"state_dict": {3: torch.zeros(2)}, "network": {"network": STAGE, "hyper_parameters": {}}},
    ],
)
def test_checkpoints_of_other_programs_are_refused(tmp_path: Path, content: object) -> None:
    torch.save(content, tmp_path / "other.ckpt")
    assert_refused(tmp_path / "other.ckpt")


def test_weights_that_do_not_fit_their_own_network_are_refused(tmp_path: Path) -> None:
    tensors = {name: value.clone() for name, value in tiny().state_dict().items()}
    described = describe_network(tiny())
    header = {"network": described["network"], "hyper_parameters": json.dumps(described["hyper_parameters"])}
    (name, value), *others = tensors.items()
    save_file(dict(others), tmp_path / "w.safetensors", metadata=header)
    assert_refused(tmp_path / "w.safetensors", name, tuple(value.shape), "TwoStageNetwork")
    save_file({name: value[:1].clone() for name, value in tensors.items()}, tmp_path / "w.safetensors", metadata=header)
    assert_refused(tmp_path / "w.safetensors", "(1,)", "(8,)", "TwoStageNetwork")


@pytest.mark.parametrize("hyper_parameters", ["{", "3", "null", "[]"])
def test_a_header_that_is_no_description_is_refused(tmp_path: Path, hyper_parameters: str) -> None:
    header = {"network": STAGE, "hyper_parameters": hyper_parameters}
    save_file({"a": torch.zeros(1)}, tmp_path / "w.safetensors", metadata=header)
    assert_refused(tmp_path / "w.safetensors")


def test_a_file_of_another_programs_safetensors_is_refused(tmp_path: Path) -> None:
    save_file({"a": torch.zeros(1)}, tmp_path / "w.safetensors")
    assert_refused(tmp_path / "w.safetensors", "import-weights")


def test_a_folder_that_is_no_run_does_not_hide_a_shipped_set_of_its_name(tmp_path, monkeypatch) -> None:
    (tmp_path / "demo" / "run").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    assert find_weights("demo") == weights.SHIPPED / "demo.safetensors"
