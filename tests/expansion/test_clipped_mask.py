import numpy as np
import pytest
import torch
from scipy import ndimage

from twostage_hdr.errors import InputError
from twostage_hdr.expansion.clipped_mask import clipped_mask, connected_regions, drawn_on


@pytest.mark.parametrize("code", [230, 248, 250, 254])
def test_a_threshold_at_a_code_value_takes_that_code_and_not_the_one_below(code: int) -> None:
    codes = torch.tensor([code - 1, code, 255]).float().expand(3, 1, 3) / 255
    assert clipped_mask(codes, code / 255).flatten().tolist() == [False, True, True]


def test_one_clipped_channel_is_enough() -> None:
    assert clipped_mask(torch.tensor([0.2, 1.0, 0.1])[:, None, None], 0.99).all()


def test_regions_are_scipys_eight_connected_ones() -> None:
    mask = torch.rand(40, 50) > 0.7
    labels, statistics = connected_regions(mask)
    expected, count = ndimage.label(mask.numpy(), np.ones((3, 3)))
    assert len(statistics) == count + 1
    np.testing.assert_array_equal(np.sort(statistics[1:, -1]), np.sort(np.bincount(expected.ravel())[1:]))
    assert ((labels > 0) == mask.numpy()).all()


def test_one_drawing_serves_a_whole_batch() -> None:
    assert drawn_on("marks", torch.ones(1, 4, 5), torch.rand(2, 1, 4, 5)).shape == (2, 1, 4, 5)


def test_a_drawing_of_another_size_is_refused_with_the_size_wanted() -> None:
    with pytest.raises(InputError, match=r"marks: shape \(1, 5, 4\).*\(1, 4, 5\)"):
        drawn_on("marks", torch.ones(1, 5, 4), torch.rand(2, 1, 4, 5))
