from collections.abc import Iterator

import numpy as np
import pytest
import torch

import twostage_hdr
from tests.refusal import refusal_of
from twostage_hdr.imaging.preview import write_png8
from twostage_hdr.inference.engine import Engine
from twostage_hdr.inference.reconstruct import ReconstructOptions, load_reconstructor
from twostage_hdr.inference.weights import default_weights, save_weights
from twostage_hdr.networks.baselines.expandnet import ExpandNet
from twostage_hdr.networks.two_stage import TwoStageNetwork


@pytest.fixture
def network() -> TwoStageNetwork:
    return TwoStageNetwork(features=8, growth=4).eval()


@pytest.fixture
def pixels() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (21, 33, 3), dtype=np.uint8)


def test_the_result_is_the_networks_output_to_the_power_of_2_24(network, pixels):
    with torch.no_grad():
        expected = network(torch.from_numpy(pixels).permute(2, 0, 1)[None] / 255)[0].clamp(min=0) ** 2.24
    result = twostage_hdr.reconstruct(pixels, weights=network, precision="fp32")
    assert result.dtype == np.float32
    np.testing.assert_allclose(result, expected.permute(1, 2, 0).numpy(), atol=2e-5, rtol=2e-4)


def test_a_linear_network_is_left_linear(pixels):
    network = ExpandNet().eval()
    with torch.no_grad():
        expected = network(torch.from_numpy(pixels).permute(2, 0, 1)[None] / 255)[0]
    result = twostage_hdr.reconstruct(pixels, weights=network, precision="fp32")
    np.testing.assert_allclose(result, expected.permute(1, 2, 0).numpy().clip(0), atol=1e-5)


def test_a_file_gives_what_its_pixels_give(tmp_path, network, pixels):
    write_png8(tmp_path / "photo.png", pixels)
    save_weights(tmp_path / "net.safetensors", network)
    from_file = twostage_hdr.reconstruct(tmp_path / "photo.png", weights=tmp_path / "net.safetensors")
    np.testing.assert_array_equal(from_file, twostage_hdr.reconstruct(pixels, weights=network))


def test_sixteen_bit_photographs_keep_their_range(network):
    pixels = np.random.default_rng(0).integers(0, 65536, (9, 7, 3), dtype=np.uint16)
    with torch.no_grad():
        frame = torch.from_numpy(pixels.astype(np.float32) / 65535).permute(2, 0, 1)[None]
        expected = network(frame)[0].clamp(min=0) ** 2.24
    result = twostage_hdr.reconstruct(pixels, weights=network, precision="fp32")
    np.testing.assert_allclose(result, expected.permute(1, 2, 0).numpy(), atol=2e-5, rtol=2e-4)


def test_a_missing_photograph_is_named(network):
    with refusal_of("nowhere.jpg"):
        twostage_hdr.reconstruct("nowhere.jpg", weights=network)


@pytest.mark.parametrize(
    ("shape", "dtype"),
    [((4, 4), torch.uint8), ((4, 4, 4), torch.uint8), ((0, 4, 3), torch.uint8), ((4, 4, 3), torch.float32)],
    ids=["grey", "alpha", "empty", "float"],
)
def test_pixels_that_are_no_photograph_are_refused(network, shape, dtype):
    with refusal_of("photograph", shape, str(dtype).removeprefix("torch."), "(height, width, 3)", "uint16"):
        twostage_hdr.reconstruct(torch.zeros(shape, dtype=dtype), weights=network)


def test_load_model_without_a_name_is_the_packages_default():
    default = twostage_hdr.load_model(default_weights()).state_dict()
    torch.testing.assert_close(twostage_hdr.load_model().state_dict(), default)


@pytest.fixture
def restored_defaults() -> Iterator[None]:
    yield
    torch.set_default_dtype(torch.float32)
    torch.set_default_device("cpu")  # not None, after which PyTorch 2.6 knows no default


@pytest.mark.usefixtures("restored_defaults")
@pytest.mark.parametrize("name", ["two_stage", "two_stage_context"])
@pytest.mark.parametrize("default", [torch.float64, torch.bfloat16, torch.device("meta")], ids=str)
def test_pytorchs_defaults_do_not_matter(pixels, name, default):
    expected = twostage_hdr.reconstruct(pixels, weights=name, device="cpu")
    (torch.set_default_device if isinstance(default, torch.device) else torch.set_default_dtype)(default)
    np.testing.assert_array_equal(twostage_hdr.reconstruct(pixels, weights=name, device="cpu"), expected)
    assert {weight.dtype for weight in twostage_hdr.load_model(name).parameters()} == {torch.float32}


@pytest.mark.parametrize("name", ["two_stage_context", "two_stage_any"])
def test_autocast_around_it_does_not_matter(pixels, name):
    expected = twostage_hdr.reconstruct(pixels, weights=name, device="cpu")
    with torch.autocast("cpu", dtype=torch.bfloat16):
        result = twostage_hdr.reconstruct(pixels, weights=name, device="cpu")
    np.testing.assert_array_equal(result, expected)


@pytest.mark.parametrize("name", ["two_stage", "two_stage_context", "two_stage_gamma", "two_stage_gamma_context"])
def test_what_the_default_precision_takes_stays_60_decibels_from_float32(name):
    y, x = np.mgrid[:96, :128] / 128
    light = np.clip(0.5 + 0.8 * np.sin(9 * x + 4 * y)[..., None] * np.cos(7 * y[..., None] + np.arange(3)), 0, 1)
    pixels = (light * 255).round().astype(np.uint8)
    engines = [Engine(network=twostage_hdr.load_model(name), device="cpu", precision=p) for p in ("auto", "fp32")]
    ours, exact = (engine.run(pixels).astype(np.float64) for engine in engines)
    assert np.mean((ours - exact) ** 2) < 10 ** (-60 / 10)  # 1.0 = the photograph's white


def test_the_order_of_bytes_does_not_matter(network):
    pixels = np.random.default_rng(0).integers(0, 65536, (9, 7, 3)).astype(np.uint16)
    swapped = pixels.astype(">u2")
    np.testing.assert_array_equal(
        twostage_hdr.reconstruct(swapped, weights=network), twostage_hdr.reconstruct(pixels, weights=network)
    )


@pytest.mark.parametrize("settings", [{"dtype": torch.bfloat16}, {"requires_grad": True}])
def test_tensors_that_are_no_photograph_are_refused(network, settings):
    with refusal_of("photograph", "(4, 5, 3)", "float32", "uint8", "uint16"):
        twostage_hdr.reconstruct(torch.zeros(4, 5, 3, **settings), weights=network)


def test_a_network_that_does_not_say_its_domain_is_refused(pixels):
    with refusal_of("weights", "Conv2d", "output"):
        twostage_hdr.reconstruct(pixels, weights=torch.nn.Conv2d(3, 3, 1))


def test_corrupt_weights_are_refused_and_give_nothing(network, pixels):
    network.tone_mapping.conv_out.bias.data.fill_(float("nan"))
    with refusal_of("weights", "NaN"):
        twostage_hdr.reconstruct(pixels, weights=network)


@pytest.mark.parametrize("weights", ["two_stage", "two_stage_context", "two_stage_any"])
def test_parts_are_those_of_the_whole_image(weights: str) -> None:
    across = np.linspace(0, 400, 150)[None, :, None] + 60 * np.random.default_rng(0).random((130, 150, 3))
    pixels = np.clip(across, 0, 255).astype(np.uint8)
    reconstructor = load_reconstructor(weights, ReconstructOptions(device="cpu", precision="fp32"))
    whole = reconstructor.image(pixels)
    parts = [(slice(0, 40), slice(100, 150)), (slice(61, 130), slice(3, 90))]
    for part, result in zip(parts, reconstructor.parts(pixels, parts), strict=True):
        np.testing.assert_allclose(result, whole[part], rtol=2e-3, atol=1e-5)
    assert not list(reconstructor.parts(pixels, []))
