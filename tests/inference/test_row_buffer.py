import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from twostage_hdr.inference.row_buffer import RowBuffer
from twostage_hdr.inference.stream_grid import StreamGrid


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
    buffer = RowBuffer(channels=2, spans=grid.spans, rim=rim, capacity=5 + 2 * rim)
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
