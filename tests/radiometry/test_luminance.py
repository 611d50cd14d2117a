"""Luminance against colour-science's matrix."""

import colour
import numpy as np
import pytest
import torch

from twostage_hdr.radiometry.luminance import luminance
from twostage_hdr.radiometry.photometry import REC709_LUMINANCE


def test_the_weights_are_the_luminance_row_of_the_rec709_matrix() -> None:
    matrix = np.asarray(colour.RGB_COLOURSPACES["ITU-R BT.709"].matrix_RGB_to_XYZ)
    np.testing.assert_allclose(REC709_LUMINANCE, matrix[1], atol=1e-4)


def test_white_keeps_its_level_and_primaries_give_their_weights() -> None:
    torch.testing.assert_close(luminance(torch.full((3, 2, 2), 7.0)), torch.full((1, 2, 2), 7.0))
    torch.testing.assert_close(luminance(torch.eye(3)[:, :, None]).flatten(), torch.tensor(REC709_LUMINANCE))


@pytest.mark.parametrize("batch", [(), (2,), (2, 4)])
def test_leading_dimensions_stay_and_one_channel_remains(batch: tuple[int, ...]) -> None:
    assert luminance(torch.rand(*batch, 3, 1, 5)).shape == (*batch, 1, 1, 5)
