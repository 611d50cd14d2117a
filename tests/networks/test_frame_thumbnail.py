import cv2
import numpy as np
import pytest
import torch
from torch.nn import functional as F

from twostage_hdr.networks.frame_thumbnail import (
    BINS,
    SIDE,
    area_matrix,
    bilinear_matrix,
    canvas_place,
    quantities,
    thumbnail,
)


@pytest.mark.parametrize(("height", "width"), [(300, 400), (640, 320), (160, 160)])
def test_cells_are_opencvs_area_means_in_the_middle_of_the_canvas(height: int, width: int) -> None:
    image = torch.rand(1, 3, height, width, generator=torch.Generator().manual_seed(0))
    rows, columns = (round(SIDE * side / max(height, width)) for side in (height, width))
    expected = cv2.resize(image[0, 1].numpy(), (columns, rows), interpolation=cv2.INTER_AREA)
    top, left = (SIDE - rows) // 2, (SIDE - columns) // 2
    cells = thumbnail(image).cells
    np.testing.assert_allclose(cells[0, 1, top : top + rows, left : left + columns], expected, atol=1e-4)
    assert float(cells[0, :, :top].abs().sum() + cells[0, :, :, :left].abs().sum()) == 0


def test_a_larger_photograph_of_the_same_has_the_same_thumbnail() -> None:
    small = torch.rand(1, 3, 120, 200, generator=torch.Generator().manual_seed(0))
    large = small.repeat_interleave(5, 2).repeat_interleave(5, 3)
    one, other = thumbnail(small), thumbnail(large)
    torch.testing.assert_close(one.cells, other.cells, rtol=0, atol=2e-5)
    torch.testing.assert_close(one.histogram, other.histogram, rtol=0, atol=1e-5)


def test_it_can_be_summed_band_by_band() -> None:
    image = torch.rand(1, 3, 90, 70, generator=torch.Generator().manual_seed(0))
    rows, columns = area_matrix(90, 90, 70, image), area_matrix(70, 90, 70, image)
    bands = [rows[:, top : top + 13] @ quantities(image[:, :, top : top + 13]) @ columns.T for top in range(0, 90, 13)]
    whole = thumbnail(image).cells
    cover = rows.sum(1)[:, None] * columns.sum(1)
    torch.testing.assert_close(sum(bands) / cover.clamp(min=1e-6), whole[:, :-1], rtol=0, atol=1e-5)


def test_the_histogram_is_numpys_where_values_lie_on_the_centres() -> None:
    codes = torch.randint(BINS, (1, 3, 20, 30), generator=torch.Generator().manual_seed(0))
    ours = thumbnail(codes / (BINS - 1)).histogram.view(3, BINS)
    for channel in range(3):
        expected = np.bincount(codes[0, channel].flatten().numpy(), minlength=BINS) / 600
        np.testing.assert_allclose(ours[channel], expected, atol=1e-5)


@pytest.mark.parametrize(("height", "width"), [(1, 1), (1, 500), (3, 2)])
def test_any_size_has_a_thumbnail(height: int, width: int) -> None:
    seen = thumbnail(torch.rand(2, 3, height, width))
    assert seen.cells.shape == (2, 11, SIDE, SIDE)
    assert bool(torch.isfinite(seen.cells).all())
    torch.testing.assert_close(seen.histogram.sum(1), torch.full((2,), 3.0))


def test_places_and_bilinear_weights_read_the_canvas_alike() -> None:
    height, width, cells = 37, 61, 20
    canvas = torch.rand(1, 2, cells, cells, generator=torch.Generator().manual_seed(0))
    down, across = (bilinear_matrix(side, height, width, cells, canvas) for side in (height, width))
    row, column = (each.flatten() for each in torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij"))
    place = canvas_place(row, column, height, width)[None]
    sampled = F.grid_sample(canvas, place, padding_mode="border", align_corners=False)
    torch.testing.assert_close(down @ canvas @ across.T, sampled.view(1, 2, height, width), rtol=0, atol=1e-5)
