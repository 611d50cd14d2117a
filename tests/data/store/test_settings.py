from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twostage_hdr.data.store.settings import StoreSettings, grid_places, window_at
from twostage_hdr.errors import InputError


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"placement": "tiles"}, "placement=tiles: choose one of random, grid"),
        ({"patches": None}, "patches=null: only placement=grid"),
        ({"patches": 0}, "patches=0"),
        ({"patch_size": 0}, "patch_size=0"),
        ({"zoom": 0.5}, "zoom=0.5"),
    ],
)
def test_settings_that_cannot_work_are_refused(wrong: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=said):
        StoreSettings(**wrong)


@pytest.mark.parametrize(
    ("height", "width", "side", "number"), [(1060, 1900, 256, 28), (256, 256, 256, 1), (255, 900, 256, 0)]
)
def test_the_grid_has_as_many_patches_as_fit_side_by_side(height: int, width: int, side: int, number: int) -> None:
    assert len(grid_places(height, width, side)) == number


@settings(deadline=None, max_examples=40)
@given(st.integers(4, 40), st.integers(4, 40), st.integers(2, 9))
def test_windows_show_every_covered_pixel_exactly_once(height: int, width: int, side: int) -> None:
    seen = np.zeros((height, width), int)
    for place in grid_places(height, width, side):
        rows, columns = window_at(place, height=height, width=width, side=side).region(height, width)
        assert (rows.start, columns.start) == place
        seen[rows, columns] += 1
    covered = (height // side * side, width // side * side)
    assert (seen[: covered[0], : covered[1]] == 1).all()
    assert seen.sum() == covered[0] * covered[1]
