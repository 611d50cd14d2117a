from contextlib import nullcontext

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from tests.refusal import refusal_of
from twostage_hdr.inference.engine import Engine, mixed_forward
from twostage_hdr.inference.tiled import encoded
from twostage_hdr.inference.weights import load_weights
from twostage_hdr.networks.rdab import RDAB
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


class Doubled(Stage):
    """Somebody's variant, which the stream of the paper's stages must not compute."""

    def forward(self, image: Tensor) -> Tensor:
        return 2 * super().forward(image)


class DoubledContext(TwoStageContextNetwork):
    """The same of the network with context."""

    def forward(self, ldr: Tensor) -> Tensor:
        return 2 * super().forward(ldr)


class DoubledBlock(RDAB):
    """The same of a block."""

    def forward(self, x: Tensor) -> Tensor:
        return 2 * super().forward(x)


def two_stages_with(variant: Stage) -> TwoStageNetwork:
    network = TwoStageNetwork(features=8, growth=4)
    network.tone_mapping = variant
    return network


def stage_of(block: RDAB) -> Stage:
    stage = Stage(features=8, growth=4, blocks=1)
    stage.blocks[0] = block
    return stage


@pytest.mark.parametrize(
    "network",
    [
        TwoStageNetwork(features=8, growth=4),
        Stage(features=8, growth=4),
        with_context(),
        MinusItsMean(),
        Blur(),
        Doubled(features=8, growth=4),
        two_stages_with(Doubled(features=8, growth=4)),
        DoubledContext(features=8, growth=4, context_features=8),
        stage_of(DoubledBlock(features=8, growth=4)),
    ],
    ids=lambda network: type(network).__name__,
)
def test_the_result_is_the_whole_images_forward(network: nn.Module) -> None:
    ldr = photograph(45, 70)
    with torch.inference_mode():
        expected = network(torch.from_numpy(ldr / np.float32(255)).permute(2, 0, 1)[None])[0].permute(1, 2, 0).numpy()
    ours = Engine(network=network, device="cpu", tile=20).run(ldr)
    assert ours.dtype == np.float32
    np.testing.assert_allclose(ours, expected, rtol=0, atol=1e-5)


@pytest.mark.parametrize(
    "network",
    [TwoStageNetwork(features=8, growth=4), with_context(), MinusItsMean(), Blur()],
    ids=lambda network: type(network).__name__,
)
def test_devices_share_the_tiles_and_give_the_result_of_one(network: nn.Module) -> None:
    ldr = photograph(45, 70)
    several = Engine(network=network, device="cpu,cpu,cpu", tile=16)
    assert len(several.replicas) == (1 if several.radius is None else 3)
    np.testing.assert_allclose(several.run(ldr), Engine(network=network, device="cpu").run(ldr), rtol=0, atol=1e-5)


def allows_tf32() -> bool:
    """Of cuDNN's convolutions; before PyTorch 2.9 there is one switch for all of cuDNN."""
    cudnn = torch.backends.cudnn
    return cudnn.conv.fp32_precision != "ieee" if hasattr(cudnn, "conv") else cudnn.allow_tf32


class TellsPrecision(Blur):
    """What cuDNN would convolve in."""

    def forward(self, ldr: Tensor) -> Tensor:
        assert not allows_tf32()
        return super().forward(ldr)


def test_fp32_is_not_tf32_and_the_callers_choice_is_left_alone() -> None:
    assert allows_tf32()
    for _ in Engine(network=TellsPrecision(), device="cpu", tile=16).run_rows(photograph(45, 70)):
        assert allows_tf32()


class Refuses(Blur):
    def forward(self, ldr: Tensor) -> Tensor:
        raise RuntimeError("out of memory")


def test_the_failure_of_one_device_ends_the_image() -> None:
    with pytest.raises(RuntimeError, match="out of memory"):
        Engine(network=Refuses(), device="cpu,cpu", tile=16).run(photograph(45, 70))


def test_rows_arrive_in_order_and_before_the_image_is_done() -> None:
    rows = Engine(network=TwoStageNetwork(features=8, growth=4), device="cpu", tile=8).run_rows(photograph(120, 16))
    top, first = next(rows)
    assert top == 0
    assert first.shape[0] < 120
    ends = [(top, top + band.shape[0]) for top, band in [(top, first), *rows]]
    assert [begin for begin, _ in ends] == [0, *(end for _, end in ends[:-1])]
    assert ends[-1][1] == 120


@pytest.mark.parametrize(
    ("setting", "named"),
    [
        ({"device": "abacus"}, "--device abacus"),
        ({"device": "cpu,abacus"}, "--device abacus"),
        ({"device": "cpu,"}, "--device"),
        ({"precision": "fp7"}, "--precision fp7"),
        ({"tile": 0}, "--tile 0"),
    ],
)
def test_a_setting_that_cannot_be_used_is_refused_with_its_value(setting: dict, named: str) -> None:
    with refusal_of(named):
        Engine(**{"network": Blur(), "device": "cpu", **setting})


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs CUDA")
def test_the_gpu_gives_the_cpus_result() -> None:
    network, ldr = TwoStageNetwork(features=8, growth=4), photograph(90, 77)
    expected = Engine(network=network, device="cpu").run(ldr)
    for devices in ("cuda", ",".join(f"cuda:{index}" for index in range(torch.cuda.device_count()))):
        ours = Engine(network=network, device=devices, tile=48).run(ldr)
        np.testing.assert_allclose(ours, expected, rtol=0, atol=1e-5)


IMAGE = torch.rand(1, 3, 40, 56, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize(
    "network",
    [
        TwoStageNetwork(features=8, growth=4),
        Stage(features=8, growth=4, attention=False),
        Doubled(features=8, growth=4),
        two_stages_with(Doubled(features=8, growth=4)),
        nn.Conv2d(3, 3, 3),
    ],
    ids=lambda network: type(network).__name__,
)
def test_without_bfloat16_it_is_the_networks_own_forward(network: nn.Module, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch, "autocast", lambda *_, **__: nullcontext())
    with torch.no_grad():
        torch.testing.assert_close(mixed_forward(network, IMAGE), network(IMAGE))


def test_it_is_nearer_to_float32_than_autocast_alone() -> None:
    network = load_weights("two_stage")
    with torch.inference_mode():
        exact, ours = network(IMAGE), mixed_forward(network, IMAGE)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            plain = network(IMAGE)
    assert ours.dtype == torch.float32
    error, plain_error = (ours - exact).square().mean(), (plain.float() - exact).square().mean()
    assert error < plain_error / 10
    assert -10 * error.log10() > 60  # dB, 1.0 = white


def test_blocks_are_multiplied_in_bfloat16() -> None:
    seen = []
    network = Stage(features=8, growth=4)
    network.blocks[0].dense.conv1.register_forward_hook(lambda _, __, out: seen.append(out.dtype))
    mixed_forward(network, IMAGE)
    assert seen == [torch.bfloat16]


GPU = [pytest.mark.gpu, pytest.mark.skipif(not torch.cuda.is_available(), reason="needs CUDA")]
SETS = ("two_stage", "two_stage_any", "two_stage_context", "two_stage_gamma", "two_stage_gamma_context", "demo")


@pytest.mark.usefixtures("untyped")
@pytest.mark.parametrize("name", [pytest.param(name, marks=GPU) for name in SETS])
@pytest.mark.parametrize(
    ("precision", "compiled", "difference"),
    [("fp32", False, 1e-4), ("fp32", True, 1e-4), ("bf16", False, 0.1)],
    ids=["fp32", "fp32-compiled", "bf16"],
)
def test_a_gpu_gives_every_shipped_sets_result(name: str, precision: str, compiled: bool, difference: float) -> None:
    ldr = photograph(90, 77)
    expected = Engine(network=load_weights(name), device="cpu").run(ldr)
    network = load_weights(name)
    for module in network.modules():
        if compiled and isinstance(module, Stage):
            module.blocks.compile()
    engine = Engine(network=network, device="cuda", precision=precision)
    ours = engine.run(ldr)
    np.testing.assert_allclose(ours, expected, rtol=0, atol=difference)
    assert np.mean((ours.astype(np.float64) - expected) ** 2) < 1e-6 * expected.max() ** 2  # 60 dB


@pytest.mark.parametrize("tile", [pytest.param(tile, marks=GPU) for tile in (32, 64)])
@pytest.mark.parametrize("device", ["cuda", "cuda:0,cuda:0"])
def test_tiles_of_one_and_of_several_workers_on_a_gpu_are_the_whole_image(tile: int, device: str) -> None:
    network, ldr = load_weights("two_stage"), photograph(90, 77)
    whole = Engine(network=network, device="cuda").run(ldr)
    np.testing.assert_allclose(Engine(network=network, device=device, tile=tile).run(ldr), whole, rtol=0, atol=1e-4)


@pytest.mark.parametrize("dtype", [pytest.param(dtype, marks=GPU) for dtype in (np.uint8, np.uint16)])
def test_a_gpu_sees_the_pixels_that_the_cpu_sees(dtype: type) -> None:
    ldr = photograph(9, 7).astype(dtype) * (np.iinfo(dtype).max // 255)
    table = np.linspace(0, 1, np.iinfo(dtype).max + 1, dtype=np.float32) ** 2
    for known in (None, table):
        torch.testing.assert_close(encoded(ldr, known, device="cuda").cpu(), encoded(ldr, known), rtol=0, atol=1e-7)
