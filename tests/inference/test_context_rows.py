import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from twostage_hdr.inference.context_rows import ContextRows, log_gain_map
from twostage_hdr.inference.tiled import encoded
from twostage_hdr.networks.two_stage_context import ContextGain


def trained() -> ContextGain:
    torch.manual_seed(0)
    context = ContextGain(features=8)
    nn.init.normal_(context.conv_out.weight, std=0.3)
    return context


CONTEXT = trained()


def photograph(height: int, width: int) -> np.ndarray:
    """Half of it clipped."""
    values = np.random.default_rng(height * 1000 + width).integers(0, 511, (height, width, 3))
    return np.minimum(values, 255).astype(np.uint8)


@settings(deadline=None, max_examples=25)
@given(height=st.integers(1, 90), width=st.integers(1, 90), tile=st.integers(1, 6), band=st.integers(1, 40))
def test_bands_have_the_whole_images_gains(height: int, width: int, tile: int, band: int) -> None:
    ldr = photograph(height, width)
    with torch.inference_mode():
        expected = CONTEXT(encoded(ldr))[0].permute(1, 2, 0).numpy()
    rows = ContextRows(CONTEXT, ldr, tile=tile)
    tops = range(0, height, band)
    result = np.concatenate([rows.applied(top, np.ones_like(expected[top : top + band])) for top in tops])
    np.testing.assert_allclose(result, expected, rtol=0, atol=1e-5)


def test_tiles_that_see_less_than_the_whole_photograph_have_its_map() -> None:
    ldr = photograph(600, 40)  # 75 cells high: a tile and its reach of 22 cells do not cover it
    with torch.inference_mode():
        expected = CONTEXT.map(encoded(ldr))[0]
    torch.testing.assert_close(log_gain_map(CONTEXT, ldr, tile=7), expected, rtol=0, atol=1e-5)
