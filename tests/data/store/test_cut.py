from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twostage_hdr.data.scene import Scene
from twostage_hdr.data.store.cut import cut_patches, usable_share, window_at
from twostage_hdr.data.store.frames import Frames
from twostage_hdr.data.store.plan import StoreSettings, grid_places
from twostage_hdr.data.window import Window

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


@pytest.mark.parametrize(("levels", "share"), [((0, 8), 0.0), ((248, 255), 0.0), ((9, 247), 1.0), ((0, 128), 0.5)])
def test_black_and_clipped_pixels_do_not_count(levels: tuple[int, int], share: float) -> None:
    ldr = np.stack([np.full((6, 6, 3), level, np.uint8) for level in levels])
    assert usable_share(ldr) == share


def test_the_brightest_channel_decides() -> None:
    assert usable_share(np.array([[[[0, 0, 100]]]], np.uint8)) == 1
    assert usable_share(np.array([[[[100, 0, 255]]]], np.uint8)) == 0


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
