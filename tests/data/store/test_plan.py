from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.refusal import refusal_of
from twostage_hdr.data.store.plan import StoreSettings, even_quota, grid_places


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"placement": "tiles"}, ["placement=tiles", "random, grid"]),
        ({"patches": None}, ["patches=null", "placement=grid"]),
        ({"patches": 0}, ["patches=0"]),
        ({"patch_size": 0}, ["patch_size=0"]),
        ({"zoom": 0.5}, ["zoom=0.5"]),
    ],
)
def test_settings_that_cannot_work_are_refused(wrong: dict[str, Any], named: list[str]) -> None:
    with refusal_of(*named):
        StoreSettings(**wrong)


@pytest.mark.parametrize(
    ("height", "width", "side", "number"), [(1060, 1900, 256, 28), (256, 256, 256, 1), (255, 900, 256, 0)]
)
def test_the_grid_has_as_many_patches_as_fit_side_by_side(height: int, width: int, side: int, number: int) -> None:
    assert len(grid_places(height, width, side)) == number


@settings(deadline=None)
@given(st.lists(st.one_of(st.none(), st.integers(0, 40)), min_size=1, max_size=20), st.integers(0, 400), st.integers(0))
def test_the_sum_is_exact_and_only_full_scenes_get_less_than_the_others(
    capacities: list[int | None], total: int, seed: int
) -> None:
    room = sum(total if capacity is None else capacity for capacity in capacities)
    if room < total:
        with refusal_of(f"patches={total}", room, len(capacities)):
            even_quota(total, capacities, seed=seed)
        return
    quota = even_quota(total, capacities, seed=seed)
    assert sum(quota) == total
    assert all(capacity is None or given <= capacity for given, capacity in zip(quota, capacities, strict=True))
    not_full = [n for n, capacity in zip(quota, capacities, strict=True) if capacity is None or n < capacity]
    if not_full:
        assert min(not_full) >= max(quota) - 1


def test_the_published_number_over_its_scenes() -> None:
    quota = even_quota(7551, [None] * 1000, seed=0)
    assert sorted(set(quota)) == [7, 8]
    assert quota.count(8) == 551
