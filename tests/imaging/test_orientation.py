"""The eight EXIF orientations against Pillow's own way of turning pictures."""

import numpy as np
import pytest
from PIL import Image, ImageOps

from twostage_hdr.imaging.orientation import upright

PIXELS = np.arange(3 * 5 * 3, dtype=np.uint8).reshape(3, 5, 3)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_each_orientation_is_turned_as_pillow_turns_it(orientation: int) -> None:
    image = Image.fromarray(PIXELS)
    image.getexif()[0x0112] = orientation
    turned, notes = upright(PIXELS, orientation)
    np.testing.assert_array_equal(turned, np.asarray(ImageOps.exif_transpose(image)))
    assert bool(notes) == (orientation != 1)


@pytest.mark.parametrize("orientation", [0, 9, -1, 65535])
def test_values_outside_the_standard_leave_the_picture_alone(orientation: int) -> None:
    turned, notes = upright(PIXELS, orientation)
    assert turned is PIXELS
    assert notes == []
