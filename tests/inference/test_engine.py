import numpy as np
import pytest
import torch
from torch import Tensor, nn

from twostage_hdr.errors import InputError
from twostage_hdr.inference.engine import Engine
from twostage_hdr.networks.stage import Stage
from twostage_hdr.networks.two_stage import TwoStageNetwork
from twostage_hdr.networks.two_stage_context import TwoStageContextNetwork


class MinusItsMean(nn.Module):
    """Sees the whole image."""

    def forward(self, ldr: Tensor) -> Tensor:
        return ldr - ldr.mean()


class Blur(nn.Module):
    """Sees two pixels far."""

    receptive_radius = 2

    def forward(self, ldr: Tensor) -> Tensor:
        return nn.functional.avg_pool2d(ldr, 5, stride=1, padding=2)


def with_context() -> TwoStageContextNetwork:
    """With a map that is not 1 everywhere, as a new one is."""
    network = TwoStageContextNetwork(features=8, growth=4, context_features=8)
    nn.init.normal_(network.context.conv_out.weight, std=0.2)
    return network


def photograph(height: int, width: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)


@pytest.mark.parametrize(
    "network",
    [TwoStageNetwork(features=8, growth=4), Stage(features=8, growth=4), with_context(), MinusItsMean(), Blur()],
    ids=lambda network: type(network).__name__,
)
def test_the_result_is_the_whole_images_forward(network: nn.Module) -> None:
    ldr = photograph(45, 70)
    with torch.inference_mode():
        expected = network(torch.from_numpy(ldr / np.float32(255)).permute(2, 0, 1)[None])[0].permute(1, 2, 0).numpy()
    ours = Engine(network=network, device="cpu", tile=20).run(ldr)
    assert ours.dtype == np.float32
    np.testing.assert_allclose(ours, expected, rtol=0, atol=1e-5)


def test_rows_arrive_in_order_and_before_the_image_is_done() -> None:
    rows = Engine(network=TwoStageNetwork(features=8, growth=4), device="cpu", tile=8).run_rows(photograph(120, 16))
    top, first = next(rows)
    assert top == 0
    assert first.shape[0] < 120
    ends = [(top, top + band.shape[0]) for top, band in [(top, first), *rows]]
    assert [begin for begin, _ in ends] == [0, *(end for _, end in ends[:-1])]
    assert ends[-1][1] == 120


def test_auto_precision_takes_bf16_exactly_where_the_processor_has_it() -> None:
    engine = Engine(network=Blur(), device="cpu", precision="auto")
    assert (engine.precision == "bf16") == torch.cpu._is_avx512_bf16_supported()


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"device": "abacus"}, "abacus"),
        ({"precision": "fp7"}, "fp7"),
        ({"tile": 0}, "--tile 0"),
    ],
)
def test_a_setting_that_cannot_be_used_is_refused_with_its_value(setting: dict, message: str) -> None:
    with pytest.raises(InputError, match=message):
        Engine(**{"network": Blur(), "device": "cpu", **setting})


@pytest.mark.skipif(torch.cuda.is_available(), reason="says what happens without CUDA")
def test_cuda_without_cuda_is_refused_with_the_cure() -> None:
    with pytest.raises(InputError, match="use --device cpu"):
        Engine(network=Blur(), device="cuda")


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs CUDA")
def test_the_gpu_gives_the_cpus_result() -> None:
    network, ldr = TwoStageNetwork(features=8, growth=4), photograph(90, 77)
    expected = Engine(network=network, device="cpu").run(ldr)
    ours = Engine(network=network, device="cuda", tile=48).run(ldr)
    np.testing.assert_allclose(ours, expected, rtol=0, atol=1e-3)  # TF32 convolutions
