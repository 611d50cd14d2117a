import numpy as np
import pytest
from scipy.ndimage import gaussian_filter
from scipy.ndimage import shift as move
from skimage.data import astronaut

from twostage_hdr.data.inspection.misalignment import find_shift, is_shifted

PICTURE = astronaut().astype(np.float64)[:300, :400] / 255


@pytest.mark.parametrize(("down", "right"), [(0, 0), (3, 0), (0, -5), (2.5, 4)])
def test_a_shift_is_measured_in_pixels_with_its_direction(down: float, right: float) -> None:
    frame = move(PICTURE, (down, right, 0), order=3, mode="nearest").clip(0, 1)
    found = find_shift(PICTURE, frame)
    assert (found.down, found.right) == pytest.approx((down, right), abs=0.4)
    assert is_shifted(found) == ((down, right) != (0, 0))


def test_noise_and_another_exposure_are_no_shift() -> None:
    rng = np.random.default_rng(0)
    frame = (0.6 * PICTURE + rng.normal(0, 0.03, PICTURE.shape)).clip(0, 1)
    assert not is_shifted(find_shift(PICTURE, frame))


def test_a_soft_picture_is_not_suspected() -> None:
    soft = gaussian_filter(PICTURE, (40, 40, 0))
    rng = np.random.default_rng(0)
    assert not is_shifted(find_shift(soft, (soft + rng.normal(0, 0.004, soft.shape)).clip(0, 1)))
