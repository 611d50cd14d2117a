import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from twostage_hdr.data.window import Window, fill

UNIT = st.floats(0, 1, exclude_max=True)


@given(
    height=st.integers(1, 400),
    width=st.integers(1, 400),
    crop=st.integers(1, 128),
    margin=st.integers(0, 128),
    patch_at=st.tuples(UNIT, UNIT),
    crop_at=st.tuples(UNIT, UNIT),
    zoom=st.floats(1, 8),
    resampling=st.booleans(),
)
def test_the_region_lies_in_every_image_and_has_the_crops_size_where_the_image_allows(
    height: int,
    width: int,
    crop: int,
    margin: int,
    patch_at: tuple[float, float],
    crop_at: tuple[float, float],
    zoom: float,
    resampling: bool,
) -> None:
    window = Window(crop + margin, crop, patch_at, crop_at, zoom)
    regions = window.region(height, width, zoom=resampling)
    for region, length in zip(regions, (height, width), strict=True):
        assert 0 <= region.start < region.stop <= length
        side = region.stop - region.start
        if resampling:
            # As much as the zoom asks for, but square and inside the image.
            factor = max(1, min(zoom, height / crop, width / crop))
            assert side == min(round(crop * factor), length)
        else:
            assert side == min(crop, length)


def test_crops_reach_every_place_of_the_patch_and_patches_every_place_of_the_image() -> None:
    last = np.nextafter(1, 0)
    far = Window(6, 4, (last, last), (last, last)).region(10, 12)
    assert (far[0].stop, far[1].stop) == (10, 12)
    starts = {Window(6, 4, (0.0, place / 50), (0.0, 0.0)).region(10, 12)[1].start for place in range(50)}
    assert starts == set(range(12 - 6 + 1))
    starts = {Window(6, 4, (0.0, 0.0), (0.0, place / 50)).region(10, 12)[1].start for place in range(50)}
    assert starts == set(range(6 - 4 + 1))


def test_the_crop_lies_inside_its_patch() -> None:
    rows, columns = Window(8, 4, (0.5, 0.25), (0.99, 0.99)).region(20, 20)
    # Free range of the patch 13 places, of the crop 5 places.
    assert (rows.start, columns.start) == (6 + 4, 3 + 4)


@pytest.mark.parametrize(("height", "width"), [(1, 1), (3, 9), (9, 3), (6, 6), (8, 9)])
def test_small_images_are_continued_by_their_edge_pixels(height: int, width: int) -> None:
    image = torch.rand(3, height, width)
    expected = np.pad(image.numpy(), [(0, 0), (0, max(6 - height, 0)), (0, max(6 - width, 0))], mode="edge")
    assert np.array_equal(fill(image, 6).numpy(), expected)
