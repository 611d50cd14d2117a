"""PQ code values against colour-science's BT.2020 matrix and ST 2084 curve."""

import colour
import numpy as np
import pytest

from twostage_hdr.imaging.chromaticities import DISPLAY_P3
from twostage_hdr.imaging.pq_pixels import to_pq2020, ycbcr420

COLOURS = np.array([[[1, 1, 1], [1, 0, 0], [0, 1, 0], [0, 0, 1], [0.02, 0.5, 9], [0, 0, 0]]], dtype=np.float32)


@pytest.mark.parametrize("white", [200.0, 100.0, 203.0])
def test_code_values_are_those_of_colour_science(white: float) -> None:
    wide = colour.RGB_to_RGB(COLOURS, "ITU-R BT.709", "ITU-R BT.2020", chromatic_adaptation_transform=None)
    expected = colour.models.eotf_inverse_ST2084(np.maximum(wide, 0) * white)
    np.testing.assert_allclose(to_pq2020(COLOURS, white), expected, atol=2e-5)


def test_white_of_200_nits_has_its_published_code_value() -> None:
    # ITU-R BT.2408: 203 cd/m^2 is 58 % of the PQ signal.
    assert to_pq2020(np.ones((1, 1, 3), np.float32), 203.0) == pytest.approx(0.58, abs=0.001)


def test_light_above_ten_thousand_nits_is_clipped() -> None:
    assert to_pq2020(np.full((1, 1, 3), 1e6, np.float32)).max() == pytest.approx(1)


def test_plain_colours_are_those_of_colour_science() -> None:
    for code in ([0, 0, 0], [1, 1, 1], [1, 0, 0], [0.2, 0.7, 0.4]):
        planes = ycbcr420(np.full((8, 8, 3), code, np.float32))
        weights = colour.WEIGHTS_YCBCR["ITU-R BT.2020"]
        expected = colour.RGB_to_YCbCr(code, K=weights, in_int=False, out_bits=10, out_legal=True, out_int=True)
        assert planes.shape == (12, 8)
        luma, blue, red = planes[:8], planes[8:10], planes[10:]
        for plane, value in zip((luma, blue, red), expected, strict=True):
            assert (plane == value).all()


def test_a_chroma_sample_lies_on_the_left_of_its_pair() -> None:
    code = np.full((4, 8, 3), 0.5, np.float32)
    code[:, 4, 2] = 1.0  # blue in an even column: half its chroma sample, a quarter of none
    plane = ycbcr420(code).ravel()[32:40].reshape(2, 4).astype(int) - 512
    assert plane[0, 1] == plane[0, 3] == 0
    assert plane[0, 2] > 0
    code[:, 4, 2], code[:, 5, 2] = 0.5, 1.0  # in an odd column: a quarter of both neighbours
    plane = ycbcr420(code).ravel()[32:40].reshape(2, 4).astype(int) - 512
    assert plane[0, 2] == plane[0, 3] > 0


def test_heights_that_four_does_not_divide_keep_their_planes() -> None:
    assert ycbcr420(np.zeros((6, 4, 3), np.float32)).shape == (9, 4)


def test_pixels_of_display_p3_keep_their_gamut() -> None:
    picture = np.float32([[[1, 0, 0], [0.2, 1, 0.1]]])
    wide = colour.RGB_to_RGB(picture, "Display P3", "ITU-R BT.2020", chromatic_adaptation_transform=None)
    expected = colour.models.eotf_inverse_ST2084(np.maximum(wide, 0) * 100)
    np.testing.assert_allclose(to_pq2020(picture, 100.0, DISPLAY_P3), expected, atol=1e-3)
