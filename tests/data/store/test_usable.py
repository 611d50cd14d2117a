import numpy as np
import pytest

from twostage_hdr.data.store.usable import usable_share


@pytest.mark.parametrize(("levels", "share"), [((0, 8), 0.0), ((248, 255), 0.0), ((9, 247), 1.0), ((0, 128), 0.5)])
def test_black_and_clipped_pixels_do_not_count(levels: tuple[int, int], share: float) -> None:
    ldr = np.stack([np.full((6, 6, 3), level, np.uint8) for level in levels])
    assert usable_share(ldr) == share


def test_the_brightest_channel_decides() -> None:
    assert usable_share(np.array([[[[0, 0, 100]]]], np.uint8)) == 1
    assert usable_share(np.array([[[[100, 0, 255]]]], np.uint8)) == 0
