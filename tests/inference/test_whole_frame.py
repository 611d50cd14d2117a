"""The variants with a view of the whole photograph, row by row, are the networks on the whole image."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from tests.refusal import refusal_of
from twostage_hdr.inference.engine import Engine
from twostage_hdr.inference.reconstruct import ReconstructOptions, load_reconstructor
from twostage_hdr.inference.tiled import encoded
from twostage_hdr.inference.whole_frame import ContextRows, log_gain_map, parse_response, thumbnail_of
from twostage_hdr.networks.frame_thumbnail import thumbnail
from twostage_hdr.networks.two_stage import TwoStageNetwork
from twostage_hdr.networks.two_stage_context import ContextGain
from twostage_hdr.networks.two_stage_whole_frame import TwoStageWholeFrameNetwork
from twostage_hdr.radiometry.srgb import srgb_decode

SIZES = [(37, 61), (300, 211), (1, 1), (5, 400)]
FP32 = ReconstructOptions(device="cpu", precision="fp32")


@pytest.fixture
def network() -> TwoStageWholeFrameNetwork:
    network = TwoStageWholeFrameNetwork(features=8, growth=4, widths=(8, 8, 8, 8, 8)).eval()
    torch.nn.init.normal_(network.branch.leave.weight, std=0.3)
    torch.nn.init.normal_(network.branch.curve.numbers.weight, std=0.1)
    return network


def _photograph(size: tuple[int, int], dtype: type = np.uint8) -> np.ndarray:
    """About a sixth of the values are clipped."""
    levels = np.iinfo(dtype).max
    return (np.random.default_rng(0).random((*size, 3)) ** 0.3 * 1.2 * levels).clip(0, levels).astype(dtype)


def _tensor(pixels: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(pixels.astype(np.float32) / np.iinfo(pixels.dtype).max).permute(2, 0, 1)[None]


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("size", SIZES)
def test_the_thumbnail_by_bands_is_that_of_the_whole_image(size: tuple[int, int], dtype: type) -> None:
    photograph = _photograph(size, dtype)
    whole, banded = thumbnail(_tensor(photograph)), thumbnail_of(photograph, torch.device("cpu"))
    torch.testing.assert_close(banded.cells, whole.cells, atol=1e-6, rtol=1e-5)
    torch.testing.assert_close(banded.histogram, whole.histogram, atol=3e-6, rtol=1e-4)


@pytest.mark.parametrize("tile", [None, 32])
@pytest.mark.parametrize(("response", "known"), [("declared", "srgb"), ("estimated", "estimated"), (2.24, 2.24)])
@pytest.mark.parametrize("size", SIZES)
def test_rows_are_those_of_the_whole_image(network, size, response, known, tile) -> None:
    photograph = _photograph(size)
    with torch.inference_mode():
        whole = network(_tensor(photograph), known, 0.7)[0].permute(1, 2, 0).numpy()
    engine = Engine(network=network, device="cpu", tile=tile)
    view = engine.look(photograph, response=response, lights=0.7)
    rows = np.concatenate([band for _, band in engine.run_rows(photograph, view)])
    np.testing.assert_allclose(rows, whole, atol=5e-6)


def test_below_white_a_new_network_returns_the_photographs_own_light() -> None:
    """Its two stages at identity: what is left is sRGB undone, and nothing else."""
    network = TwoStageWholeFrameNetwork(features=8, growth=4, widths=(8, 8, 8, 8, 8)).eval()
    for stage in (network.two_stage.enhancement, network.two_stage.tone_mapping):
        torch.nn.init.zeros_(stage.conv_out.weight)
        torch.nn.init.zeros_(stage.conv_out.bias)
    photograph = _photograph((40, 30))
    linear = load_reconstructor(network, FP32).image(photograph)
    below = photograph < 200
    expected = srgb_decode(torch.from_numpy(photograph / np.float32(255))).numpy()
    np.testing.assert_allclose(linear[below], expected[below], rtol=1e-3, atol=1e-7)


def test_more_light_is_asked_for_and_comes(network) -> None:
    photograph = _photograph((64, 48))
    careful, brilliant = (
        load_reconstructor(network, replace(FP32, lights=lights)).image(photograph) for lights in (0.1, 0.9)
    )
    assert (brilliant >= careful * (1 - 1e-5)).all()
    assert brilliant[photograph == 255].mean() > 1.2 * careful[photograph == 255].mean()


def test_uncertainty_is_the_width_between_the_outer_quantiles_and_zero_where_nothing_is_clipped(network) -> None:
    photograph = _photograph((64, 48))
    photograph[:20] = 90
    stops = load_reconstructor(network, FP32).begin(photograph).uncertainty(0, 64)
    assert stops.shape == (64, 48)
    assert (stops[:20] == 0).all()
    assert (stops >= 0).all()
    assert stops.max() > 0.1


def test_weights_without_the_choice_refuse_it() -> None:
    network = TwoStageNetwork(features=8, growth=4)
    for choice in ({"response": "estimated"}, {"lights": 0.5}):
        with refusal_of(" ".join(str(part) for part in next(iter(choice.items())))):
            load_reconstructor(network, replace(FP32, **choice))


@pytest.mark.parametrize("text", ["srgb", "0.5", "nan", "9", ""])
def test_an_unknown_response_is_refused(text: str) -> None:
    with refusal_of(f"response {text}", "declared", "estimated", "gamma"):
        parse_response(text)


@pytest.mark.parametrize("lights", [0.0, 1.0, float("nan")])
def test_lights_outside_the_quantiles_are_refused(network, lights: float) -> None:
    with refusal_of(f"lights {lights:g}", "0.1", "0.9"):
        load_reconstructor(network, replace(FP32, lights=lights))


def trained() -> ContextGain:
    torch.manual_seed(0)
    context = ContextGain(features=8)
    nn.init.normal_(context.conv_out.weight, std=0.3)
    return context


CONTEXT = trained()


def half_clipped(height: int, width: int) -> np.ndarray:
    """Half of it clipped."""
    values = np.random.default_rng(height * 1000 + width).integers(0, 511, (height, width, 3))
    return np.minimum(values, 255).astype(np.uint8)


@settings(deadline=None, max_examples=25)
@given(height=st.integers(1, 90), width=st.integers(1, 90), tile=st.integers(1, 6), band=st.integers(1, 40))
def test_bands_have_the_whole_images_gains(height: int, width: int, tile: int, band: int) -> None:
    ldr = half_clipped(height, width)
    with torch.inference_mode():
        expected = CONTEXT(encoded(ldr))[0].permute(1, 2, 0).numpy()
    rows = ContextRows(CONTEXT, ldr, tile=tile)
    tops = range(0, height, band)
    result = np.concatenate([rows.applied(top, np.ones_like(expected[top : top + band])) for top in tops])
    np.testing.assert_allclose(result, expected, rtol=0, atol=1e-5)


def test_tiles_that_see_less_than_the_whole_photograph_have_its_map() -> None:
    ldr = half_clipped(600, 40)  # 75 cells high: a tile and its reach of 22 cells do not cover it
    with torch.inference_mode():
        expected = CONTEXT.map(encoded(ldr))[0]
    torch.testing.assert_close(log_gain_map(CONTEXT, ldr, tile=7), expected, rtol=0, atol=1e-5)
