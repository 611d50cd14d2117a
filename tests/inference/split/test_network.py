import numpy as np
import pytest
import torch

from twostage_hdr.inference.engine import Engine
from twostage_hdr.inference.split import sums
from twostage_hdr.inference.split.network import SplitNetwork, fastest_sums
from twostage_hdr.inference.weights import load_weights
from twostage_hdr.networks.row_plan import paper_stages
from twostage_hdr.networks.stage import Stage
from twostage_hdr.networks.two_stage import TwoStageNetwork

IMAGE = torch.rand(2, 3, 21, 34, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize(
    "network",
    [
        TwoStageNetwork(features=8, growth=4),
        TwoStageNetwork(features=6, growth=5),
        Stage(features=8, growth=4, attention=False),
        Stage(features=8, growth=4, residual_factor=0.5, blocks=3),
    ],
    ids=["two_stages", "odd_widths", "without_attention", "three_blocks"],
)
@pytest.mark.parametrize(("dtype", "difference"), [(torch.float64, 1e-12), (torch.float32, 1e-5)])
def test_the_result_is_the_networks(network: torch.nn.Module, dtype: torch.dtype, difference: float) -> None:
    network.to(dtype)
    with torch.inference_mode():
        expected = network(IMAGE.to(dtype))
        ours = SplitNetwork(paper_stages(network), dtype=dtype)(IMAGE.to(dtype))
    torch.testing.assert_close(ours, expected, rtol=0, atol=difference)


@pytest.mark.parametrize("size", [(1, 1), (1, 9), (9, 1)])
def test_any_size(size: tuple[int, int]) -> None:
    network, image = TwoStageNetwork(features=8, growth=4), torch.rand(1, 3, *size)
    with torch.inference_mode():
        ours = SplitNetwork(paper_stages(network), dtype=torch.float32)(image)
        torch.testing.assert_close(ours, network(image), rtol=0, atol=1e-5)


def test_in_bfloat16_it_is_near_float32() -> None:
    network = load_weights("two_stage")
    with torch.inference_mode():
        exact, ours = network(IMAGE), SplitNetwork(paper_stages(network))(IMAGE)
    assert ours.dtype == torch.float32
    assert -10 * (ours - exact).square().mean().log10() > 70  # dB, 1.0 = white


def test_on_a_cpu_the_sums_are_pytorchs() -> None:
    assert fastest_sums(IMAGE) is sums


GPU = [pytest.mark.gpu, pytest.mark.skipif(not torch.cuda.is_available(), reason="needs CUDA")]


@pytest.mark.parametrize("attention", [pytest.param(attention, marks=GPU) for attention in (True, False)])
@pytest.mark.parametrize("size", [(1, 1), (1, 9), (9, 1), (61, 77)])
@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_tritons_sums_are_pytorchs(attention: bool, size: tuple[int, int], layout: torch.memory_format) -> None:
    pytest.importorskip("triton")
    stage = Stage(features=64, growth=32, attention=attention)
    image = torch.rand(1, 3, *size, device="cuda").contiguous(memory_format=layout)
    split = SplitNetwork([stage]).cuda()
    with torch.inference_mode():
        expected = split.stages[0](image, sums)
        torch.testing.assert_close(split(image), expected, rtol=0, atol=0.005)


@pytest.mark.parametrize("tile", [pytest.param(tile, marks=GPU) for tile in (None, 32)])
def test_the_engine_of_a_gpu_splits_in_bfloat16(tile: int | None) -> None:
    ldr = np.random.default_rng(0).integers(0, 256, (90, 77, 3), dtype=np.uint8)
    engine = Engine(network=load_weights("two_stage"), device="cuda", precision="bf16", tile=tile)
    assert type(engine.replicas[0][0]) is SplitNetwork
    expected = Engine(network=load_weights("two_stage"), device="cpu").run(ldr)
    np.testing.assert_allclose(engine.run(ldr), expected, rtol=0, atol=0.1)
