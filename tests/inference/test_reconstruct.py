import numpy as np
import pytest
import torch

import twostage_hdr
from twostage_hdr.errors import InputError
from twostage_hdr.imaging.png8 import write_png8
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
    result = twostage_hdr.reconstruct(pixels, weights=network)
    assert result.dtype == np.float32
    np.testing.assert_allclose(result, expected.permute(1, 2, 0).numpy(), atol=2e-5, rtol=2e-4)


def test_a_linear_network_is_left_linear(pixels):
    network = ExpandNet().eval()
    with torch.no_grad():
        expected = network(torch.from_numpy(pixels).permute(2, 0, 1)[None] / 255)[0]
    np.testing.assert_allclose(
        twostage_hdr.reconstruct(pixels, weights=network), expected.permute(1, 2, 0).numpy().clip(0), atol=1e-5
    )


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
    result = twostage_hdr.reconstruct(pixels, weights=network)
    np.testing.assert_allclose(result, expected.permute(1, 2, 0).numpy(), atol=2e-5, rtol=2e-4)


def test_a_missing_photograph_is_named(network):
    with pytest.raises(InputError, match=r"nowhere\.jpg"):
        twostage_hdr.reconstruct("nowhere.jpg", weights=network)


@pytest.mark.parametrize(
    ("shape", "dtype"),
    [((4, 4), torch.uint8), ((4, 4, 4), torch.uint8), ((0, 4, 3), torch.uint8), ((4, 4, 3), torch.float32)],
    ids=["grey", "alpha", "empty", "float"],
)
def test_pixels_that_are_no_photograph_are_refused(network, shape, dtype):
    with pytest.raises(InputError, match=r"give \(height, width, 3\) of uint8 or uint16"):
        twostage_hdr.reconstruct(torch.zeros(shape, dtype=dtype), weights=network)


def test_load_model_without_a_name_is_the_packages_default():
    default = twostage_hdr.load_model(default_weights()).state_dict()
    torch.testing.assert_close(twostage_hdr.load_model().state_dict(), default)
