import sys
from pathlib import Path

import pytest
import torch
from torch import nn

from tests.refusal import refusal_of
from twostage_hdr.inference.network_description import LARGEST, MOST_PASSES, build_network, describe_network
from twostage_hdr.networks.baselines.deep_chain_hdri import DeepChainHDRI
from twostage_hdr.networks.baselines.deep_recursive_hdri import DeepRecursiveHDRI
from twostage_hdr.networks.baselines.drtmo import DrTMO
from twostage_hdr.networks.baselines.expandnet import ExpandNet
from twostage_hdr.networks.baselines.fhdr import FHDR
from twostage_hdr.networks.baselines.hdrcnn import HDRCNN
from twostage_hdr.networks.baselines.hdrunet import HDRUNet
from twostage_hdr.networks.baselines.singlehdr import SingleHDR
from twostage_hdr.networks.baselines.singlehdr_published import PublishedSingleHDR
from twostage_hdr.networks.stage import Stage
from twostage_hdr.networks.two_stage import TwoStageNetwork
from twostage_hdr.networks.two_stage_context import TwoStageContextNetwork

NETWORKS = "twostage_hdr.networks"
STAGE = f"{NETWORKS}.stage.Stage"
ALL = (
    *(Stage, TwoStageNetwork, TwoStageContextNetwork, DeepChainHDRI, DeepRecursiveHDRI, DrTMO),
    *(ExpandNet, FHDR, HDRCNN, HDRUNet, SingleHDR, PublishedSingleHDR),
)


@pytest.mark.parametrize("kind", ALL)
def test_every_network_is_rebuilt_from_its_description_and_its_tensors_shapes(kind: type[nn.Module]) -> None:
    network = kind()
    shapes = {name: tuple(value.shape) for name, value in network.state_dict().items()}
    again = build_network(describe_network(network), "w", shapes=shapes)
    assert type(again) is kind
    assert {name: tuple(value.shape) for name, value in again.state_dict().items()} == shapes


@pytest.mark.parametrize(
    "description",
    [
        {},
        {"network": "os.system", "hyper_parameters": {"command": "true"}},
        {"network": f"{NETWORKS}.stage.nn.Linear", "hyper_parameters": {}},
        {"network": f"{NETWORKS}.stage.torch", "hyper_parameters": {}},
        {"network": f"{NETWORKS}.stage.RDAB", "hyper_parameters": {}},
        {"network": "twostage_hdr.cli.main.main", "hyper_parameters": {}},
        {"network": f"{NETWORKS}.discriminator.Discriminator", "hyper_parameters": {}},
        {"network": f"{NETWORKS}.nowhere.Stage", "hyper_parameters": {}},
        {"network": STAGE},
        {"network": [STAGE], "hyper_parameters": {}},
        {"network": STAGE, "hyper_parameters": {"colour": 3}},
        {"network": STAGE, "hyper_parameters": {"features": "many"}},
        {"network": STAGE, "hyper_parameters": {"features": -4}},
        {"network": STAGE, "hyper_parameters": {"features": LARGEST + 1}},
        {"network": STAGE, "hyper_parameters": {"residual_factor": float("nan")}},
        {"network": STAGE, "hyper_parameters": {"residual_factor": {}}},
        {"network": f"{NETWORKS}.baselines.fhdr.FHDR", "hyper_parameters": {"iterations": MOST_PASSES + 1}},
        {"network": f"{NETWORKS}.baselines.hdrunet.HDRUNet", "hyper_parameters": {"blocks": [1] * 1000}},
        {"network": STAGE, "hyper_parameters": [1]},
        {"network": STAGE, "hyper_parameters": {"blocks": 1}, "output": "linear"},
    ],
)
def test_descriptions_that_build_no_network_of_this_package_are_refused(description: dict[str, object]) -> None:
    with refusal_of("w"):
        build_network(description, "w")


def test_a_network_of_other_sizes_than_its_files_is_not_built() -> None:
    shapes = {name: tuple(value.shape) for name, value in Stage(features=8, growth=4).state_dict().items()}
    description = describe_network(Stage(features=8, growth=4)) | {"hyper_parameters": {"features": 16, "growth": 4}}
    with refusal_of("w", "(8,)", "(16,)", "Stage"):
        build_network(description, "w", shapes=shapes)


THEIRS = """
from pathlib import Path
from torch import nn
Path(__file__).with_name("imported").touch()

class Net(nn.Module):
    output = "linear"

    def __init__(self, *, width=3):
        super().__init__()
        self.hyper_parameters = {"width": width}
        self.conv = nn.Conv2d(3, width, 1)
"""


def test_a_network_from_outside_is_built_only_if_trusted_and_not_even_imported_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "theirs_described.py").write_text(THEIRS)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    description = {"network": "theirs_described.Net", "hyper_parameters": {"width": 5}, "output": "linear"}
    with refusal_of("w", "--trust theirs_described"):
        build_network(description, "w")
    assert not (tmp_path / "imported").exists()
    network = build_network(description, "w", trust=["theirs_described"])
    assert network.conv.out_channels == 5
    assert describe_network(network) == description


@pytest.mark.parametrize("missing", ["output", "hyper_parameters"])
def test_a_network_that_cannot_be_described_says_what_it_lacks(missing: str) -> None:
    network = nn.Conv2d(3, 3, 1)
    for name, value in (("output", "linear"), ("hyper_parameters", {})):
        if name != missing:
            setattr(network, name, value)
    with refusal_of("Conv2d", f"`{missing}`"):
        describe_network(network)


def test_meta_building_leaves_no_trace_on_the_default_device() -> None:
    network = TwoStageNetwork(features=8, growth=4)
    shapes = {name: tuple(value.shape) for name, value in network.state_dict().items()}
    again = build_network(describe_network(network), "w", shapes=shapes)
    assert all(parameter.device == torch.device("cpu") for parameter in again.parameters())
