from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twostage_hdr.data.scene import Scene
from twostage_hdr.data.store.cut import cut_patches, even_quota, usable_share
from twostage_hdr.data.store.settings import Frames, StoreSettings
from twostage_hdr.data.window import Window
from twostage_hdr.errors import InputError

SCENE = Scene("s", "s")


class MostlyBlack:
    """One picture of 40 x 40 px that is black but for its last 8 columns."""

    exposures = ("only",)
    resamples = False

    def __init__(self) -> None:
        self.ldr = np.zeros((1, 40, 40, 3), np.uint8)
        self.ldr[:, :, 32:] = 100

    def size(self, scene: Scene) -> tuple[int, int]:
        return 40, 40

    def files(self, scene: Scene) -> dict[str, Path]:
        return {}

    def patch(self, scene: Scene, window: Window, rng: np.random.Generator) -> Frames:
        rows, columns = window.region(40, 40)
        ldr = self.ldr[:, rows, columns]
        return Frames(ldr=ldr, reference=ldr[0].astype(np.uint16), alignratio=1.0, stops=(0.0,), scale=1.0)

    def whole(self, scene: Scene, seed: int) -> Frames:
        raise NotImplementedError


def lit(patch: Any) -> bool:
    return bool(patch.frames.ldr.max())


@pytest.mark.parametrize(("informative", "least"), [(False, 0), (True, 55)])
def test_informative_patches_are_looked_for_at_random_places(informative: bool, least: int) -> None:
    settings = StoreSettings(patches=60, patch_size=8, informative=informative)
    patches = cut_patches(MostlyBlack(), SCENE, 60, settings)
    assert len(patches) == 60
    assert sum(map(lit, patches)) >= least
    if not informative:
        # 7 to 8 of 33 columns show a lit pixel.
        assert 3 <= sum(map(lit, patches)) <= 30


@pytest.mark.parametrize(("count", "expected"), [(3, 3), (5, 5), (9, 5)])
def test_informative_patches_of_a_grid_come_first_and_others_fill_up(count: int, expected: int) -> None:
    settings = StoreSettings(patches=count, patch_size=8, placement="grid", informative=True)
    patches = cut_patches(MostlyBlack(), SCENE, count, settings)
    assert len({(patch.row, patch.column) for patch in patches}) == count
    assert sum(map(lit, patches)) == expected


def test_more_patches_leave_the_earlier_ones_where_they_were() -> None:
    settings = StoreSettings(patches=9, patch_size=8)
    few, many = (cut_patches(MostlyBlack(), SCENE, count, settings) for count in (4, 9))
    assert [(p.row, p.column) for p in few] == [(p.row, p.column) for p in many[:4]]
    assert len({(p.row, p.column) for p in many}) > 6


@settings(deadline=None)
@given(st.lists(st.one_of(st.none(), st.integers(0, 40)), min_size=1, max_size=20), st.integers(0, 400), st.integers(0))
def test_the_sum_is_exact_and_only_full_scenes_get_less_than_the_others(
    capacities: list[int | None], total: int, seed: int
) -> None:
    room = sum(total if capacity is None else capacity for capacity in capacities)
    if room < total:
        with pytest.raises(InputError, match=f"has only {room} patches"):
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


@pytest.mark.parametrize(("levels", "share"), [((0, 8), 0.0), ((248, 255), 0.0), ((9, 247), 1.0), ((0, 128), 0.5)])
def test_black_and_clipped_pixels_do_not_count(levels: tuple[int, int], share: float) -> None:
    ldr = np.stack([np.full((6, 6, 3), level, np.uint8) for level in levels])
    assert usable_share(ldr) == share


def test_the_brightest_channel_decides() -> None:
    assert usable_share(np.array([[[[0, 0, 100]]]], np.uint8)) == 1
    assert usable_share(np.array([[[[100, 0, 255]]]], np.uint8)) == 0
