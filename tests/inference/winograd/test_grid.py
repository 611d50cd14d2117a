import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from twostage_hdr.inference.winograd.grid import HaloBuffer, StreamGrid


@given(width=st.integers(1, 5000), tile_columns=st.integers(1, 100), workers=st.integers(1, 8))
def test_spans_cover_the_image_once_and_are_wide_enough_for_a_rim(width: int, tile_columns: int, workers: int) -> None:
    grid = StreamGrid(height=8, width=width, tile_rows=4, tile_columns=tile_columns, workers=workers)
    covered = [column for span in grid.spans for column in range(span.left, span.left + span.columns)]
    assert covered == list(range(-(-width // 4)))
    assert [span.number for span in grid.spans] == list(range(len(grid.spans)))
    assert len(grid.spans) == 1 or min(span.columns for span in grid.spans) >= 2
    assert max(span.columns for span in grid.spans) <= max(tile_columns, 3)


def test_two_workers_get_the_same_number_of_tiles() -> None:
    grid = StreamGrid(height=1060, width=1900, tile_rows=22, tile_columns=38, workers=2)
    assert len(grid.spans) == 14
    assert grid.rows == 265
    assert grid.columns == 475


def test_a_small_image_is_one_tile_and_not_one_for_each_worker() -> None:
    assert len(StreamGrid(height=8, width=100, tile_rows=22, tile_columns=38, workers=2).spans) == 1


@settings(max_examples=40, deadline=None)
@given(
    heights=st.lists(st.integers(1, 5), min_size=1, max_size=6),
    width=st.integers(1, 12),
    tile_columns=st.integers(1, 12),
    rim=st.integers(1, 2),
    step=st.integers(1, 5),
)
def test_windows_are_the_rows_of_the_zero_padded_image(
    heights: list[int], width: int, tile_columns: int, rim: int, step: int
) -> None:
    image = torch.rand(16, 2, sum(heights), width)
    padded = torch.nn.functional.pad(image, (rim,) * 4)
    grid = StreamGrid(height=4 * sum(heights), width=4 * width, tile_rows=step, tile_columns=tile_columns)
    buffer = HaloBuffer(channels=2, spans=grid.spans, rim=rim, capacity=5 + 2 * rim)
    arrived = 0
    for index, height in enumerate(heights):
        for span in grid.spans:
            columns = slice(span.left, span.left + span.columns)
            buffer.room(span, height).copy_(image[:, :, arrived : arrived + height, columns])
            buffer.share(span, height)
        buffer.append(height)
        arrived += height
        if index == len(heights) - 1:
            buffer.close()
        while ready := buffer.ready:
            rows = min(ready, step)
            for span in grid.spans:
                columns = slice(span.left, span.left + span.columns + 2 * rim)
                expected = padded[:, :, buffer.top : buffer.top + rows + 2 * rim, columns]
                assert torch.equal(buffer.window(span, rows), expected)
            buffer.drop(rows)
    assert buffer.top == image.shape[2]
