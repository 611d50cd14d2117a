"""The arrays' names are checked where they are used; pictures are turned as Pillow turns them."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageOps

from twostage_hdr.imaging.exr import write_exr
from twostage_hdr.imaging.pixel_arrays import upright
from twostage_hdr.imaging.preview import write_png8


@pytest.mark.parametrize("shape", [(4, 5), (4, 5, 4), (1, 4, 5, 3)])
def test_pixels_of_another_shape_are_refused(tmp_path: Path, shape: tuple[int, ...]) -> None:
    with pytest.raises(Exception, match="linear"):
        write_exr(tmp_path / "a.exr", np.zeros(shape, np.float32))
    assert list(tmp_path.iterdir()) == []


def test_pixels_of_another_type_are_refused(tmp_path: Path) -> None:
    with pytest.raises(Exception, match="linear"):
        write_exr(tmp_path / "a.exr", np.zeros((4, 5, 3)))
    with pytest.raises(Exception, match="pixels"):
        write_png8(tmp_path / "a.png", np.zeros((4, 5, 3), np.float32))
    assert list(tmp_path.iterdir()) == []


PIXELS = np.arange(3 * 5 * 3, dtype=np.uint8).reshape(3, 5, 3)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_each_orientation_is_turned_as_pillow_turns_it(orientation: int) -> None:
    image = Image.fromarray(PIXELS)
    image.getexif()[0x0112] = orientation
    turned = upright(PIXELS, orientation)
    np.testing.assert_array_equal(turned, np.asarray(ImageOps.exif_transpose(image)))


@pytest.mark.parametrize("orientation", [0, 9, -1, 65535])
def test_values_outside_the_standard_leave_the_picture_alone(orientation: int) -> None:
    turned = upright(PIXELS, orientation)
    assert turned is PIXELS
