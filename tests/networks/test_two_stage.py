import shutil
import subprocess
import sys

import pytest
import torch
from torch import nn

from twostage_hdr.networks.two_stage import TwoStageNetwork

SIZES = [(1, 1), (1, 9), (5, 2), (16, 16), (33, 18)]


@pytest.fixture
def small() -> TwoStageNetwork:
    return TwoStageNetwork(features=8, growth=4)


def count(network: nn.Module) -> int:
    return sum(p.numel() for p in network.parameters() if p.requires_grad)


def test_the_parameter_counts_are_the_papers() -> None:
    network = TwoStageNetwork()
    assert (count(network.enhancement), count(network.tone_mapping), count(network)) == (555_655, 278_821, 834_476)


def test_the_residual_factors_are_the_papers() -> None:
    network = TwoStageNetwork()
    assert [block.dense.residual_factor for block in network.enhancement.blocks] == [0.2, 0.2]
    assert [block.dense.residual_factor for block in network.tone_mapping.blocks] == [0.5]


def test_without_attention_exactly_the_three_attention_blocks_are_missing() -> None:
    assert count(TwoStageNetwork()) - count(TwoStageNetwork(attention=False)) == 3 * (2 * 49 + 9 * 64 * 64 + 64)


@pytest.mark.parametrize("size", SIZES)
def test_any_size_and_batch_comes_back_in_its_shape(small: TwoStageNetwork, size: tuple[int, int]) -> None:
    for batch in (1, 3):
        hdr = small(torch.rand(batch, 3, *size))
        assert hdr.shape == (batch, 3, *size)
        assert (hdr >= 0).all()


def test_both_stages_are_handed_out_and_the_last_is_the_forward_result(small: TwoStageNetwork) -> None:
    ldr = torch.rand(1, 3, 9, 9)
    enhanced, hdr = small.stages(ldr)
    torch.testing.assert_close(enhanced, small.enhancement(ldr), rtol=0, atol=0)
    torch.testing.assert_close(hdr, small(ldr), rtol=0, atol=0)


@pytest.mark.parametrize("detach", [False, True])
def test_detaching_keeps_stage_two_from_training_stage_one(small: TwoStageNetwork, detach: bool) -> None:
    small.stages(torch.rand(1, 3, 9, 9), detach=detach).hdr.sum().backward()
    stage_one = [parameter.grad is None for parameter in small.enhancement.parameters()]
    stage_two = [parameter.grad is None for parameter in small.tone_mapping.parameters()]
    assert stage_one == [detach] * len(stage_one)
    assert not any(stage_two)


def test_images_of_a_batch_do_not_see_each_other(small: TwoStageNetwork) -> None:
    ldr = torch.rand(3, 3, 8, 8)
    torch.testing.assert_close(small(ldr)[1:2], small(ldr[1:2]))


def test_channels_last_gives_the_same_image(small: TwoStageNetwork) -> None:
    ldr = torch.rand(2, 3, 16, 12)
    expected = small(ldr)
    small.to(memory_format=torch.channels_last)
    ours = small(ldr.to(memory_format=torch.channels_last))
    assert ours.is_contiguous(memory_format=torch.channels_last)
    torch.testing.assert_close(ours, expected)


def test_autocast_changes_the_image_by_rounding_only(small: TwoStageNetwork) -> None:
    ldr = torch.rand(1, 3, 16, 12)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        ours = small(ldr)
    assert ours.dtype == torch.float32
    torch.testing.assert_close(ours, small(ldr), rtol=0, atol=0.02)


def test_the_hyper_parameters_rebuild_the_network() -> None:
    network = TwoStageNetwork(features=8, growth=4, enhancement_blocks=1, tone_mapping_blocks=2, attention=False)
    twin = TwoStageNetwork(**network.hyper_parameters)
    twin.load_state_dict(network.state_dict())
    ldr = torch.rand(1, 3, 8, 8)
    torch.testing.assert_close(twin(ldr), network(ldr), rtol=0, atol=0)


def test_the_network_exports_with_free_height_and_width(small: TwoStageNetwork) -> None:
    height, width = torch.export.Dim("height", min=1), torch.export.Dim("width", min=1)
    example = (torch.rand(2, 3, 16, 24),)
    batch = torch.export.Dim("batch", min=1)
    sizes = ({0: batch, 2: height, 3: width},)
    exported = torch.export.export(small.eval(), example, dynamic_shapes=sizes, strict=False)
    for shape in [(2, 3, 16, 24), (1, 3, 7, 50), (3, 3, 1, 1)]:
        ldr = torch.rand(*shape)
        torch.testing.assert_close(exported.module()(ldr), small(ldr))


COMPILE = """
import sys, torch
from twostage_hdr.networks.two_stage import TwoStageNetwork
torch.set_num_threads(1)
torch.manual_seed(0)
network = TwoStageNetwork(features=8, growth=4)
compiled = torch.compile(network, fullgraph=True, dynamic=True, backend=sys.argv[1])
for size in [(16, 24), (7, 9)]:
    ldr = torch.rand(1, 3, *size)
    torch.testing.assert_close(compiled(ldr), network(ldr), rtol=1e-4, atol=1e-5)
print("graphs", torch._dynamo.utils.counters["stats"]["unique_graphs"])
"""


def run_alone(script: str, argument: str) -> str:
    """What the script prints in a process of its own: the type checks that the tests install cannot be compiled."""
    result = subprocess.run([sys.executable, "-c", script, argument], capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr[-2000:]
    return result.stdout


@pytest.mark.slow
def test_the_network_is_captured_as_one_graph_for_all_sizes() -> None:
    assert run_alone(COMPILE, "aot_eager").split() == ["graphs", "1"]


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("g++") is None, reason="torch.compile needs a C++ compiler")
def test_the_compiled_network_gives_the_same_images() -> None:
    assert "graphs" in run_alone(COMPILE, "inductor")
