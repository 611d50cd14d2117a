import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from twostage_hdr.inference.winograd.network import TILE_ROWS, StreamedNetwork
from twostage_hdr.networks.row_plan import paper_stages
from twostage_hdr.networks.stage import Stage
from twostage_hdr.networks.two_stage import TwoStageNetwork


def photograph(height: int, width: int, dtype: type = np.uint8) -> np.ndarray:
    return (
        np.random.default_rng(height * 1000 + width).integers(0, np.iinfo(dtype).max, (height, width, 3)).astype(dtype)
    )


def whole_image(network: nn.Module, ldr: np.ndarray) -> np.ndarray:
    """The plain way: one forward in float32."""
    image = torch.from_numpy(ldr.astype(np.float32) / np.iinfo(ldr.dtype).max).permute(2, 0, 1)[None]
    with torch.inference_mode():
        return network(image)[0].permute(1, 2, 0).numpy()


def streamed(network: TwoStageNetwork | Stage, ldr: np.ndarray, tile: int | None, dtype: torch.dtype) -> np.ndarray:
    stream = StreamedNetwork(paper_stages(network), dtype=dtype, workers=2, tile=tile)
    out, end = np.full(ldr.shape, np.nan, np.float32), 0
    for top, rows in stream.rows(ldr):
        assert top == end
        end = top + rows.shape[0]
        out[top:end] = rows
    assert end == ldr.shape[0]
    return out


@settings(max_examples=25, deadline=None)
@given(height=st.integers(1, 70), width=st.integers(1, 90), tile=st.one_of(st.none(), st.integers(1, 100)))
def test_any_tile_of_any_image_gives_the_whole_images_result(height: int, width: int, tile: int | None) -> None:
    network, ldr = TwoStageNetwork(features=8, growth=4), photograph(height, width)
    ours = streamed(network, ldr, tile, torch.float32)
    np.testing.assert_allclose(ours, whole_image(network, ldr), rtol=0, atol=1e-5)


def test_the_papers_network_too() -> None:
    network, ldr = TwoStageNetwork(), photograph(61, 75)
    np.testing.assert_allclose(streamed(network, ldr, 24, torch.float32), whole_image(network, ldr), rtol=0, atol=1e-5)


def test_bfloat16_keeps_55_decibels() -> None:
    network, ldr = TwoStageNetwork(), photograph(61, 75)
    reference = whole_image(network, ldr)
    error = np.mean((streamed(network, ldr, 24, torch.bfloat16) - reference) ** 2, dtype=np.float64)
    assert 55 < 10 * np.log10(reference.max() ** 2 / error) < 120  # above 120 dB it would be float32


def test_one_stage_without_attention_of_16_bits() -> None:
    network, ldr = Stage(features=8, growth=16, blocks=3, attention=False), photograph(30, 41, np.uint16)
    np.testing.assert_allclose(
        streamed(network, ldr, None, torch.float32), whole_image(network, ldr), rtol=0, atol=1e-5
    )


def test_a_run_that_is_given_up_leaves_the_threads_as_they_were() -> None:
    before = torch.get_num_threads()
    rows = StreamedNetwork([Stage(features=4, growth=4)], dtype=torch.float32, tile=8).rows(photograph(64, 16))
    next(rows)
    rows.close()  # type: ignore[attr-defined]
    assert torch.get_num_threads() == before


def test_a_wide_image_gets_lower_bands_so_that_memory_stays_bounded() -> None:
    stream = StreamedNetwork(paper_stages(TwoStageNetwork()), dtype=torch.float32)
    usual, wide = stream.grid(1060, 1900), stream.grid(8660, 11547)
    assert wide.tile_rows < usual.tile_rows
    assert usual.tile_rows == TILE_ROWS
    assert wide.tile_rows * 4 * 11547 * 64 * 4 <= 96 << 20


def test_the_stages_may_have_different_widths() -> None:
    network, ldr = TwoStageNetwork(features=8, growth=4), photograph(30, 41)
    network.tone_mapping = Stage(features=24, growth=8, blocks=1)
    np.testing.assert_allclose(
        streamed(network, ldr, None, torch.float32), whole_image(network, ldr), rtol=0, atol=1e-5
    )
