from hypothesis import given
from hypothesis import strategies as st

from twostage_hdr.inference.stream_grid import StreamGrid


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
