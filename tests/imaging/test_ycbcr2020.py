import colour
import numpy as np

from twostage_hdr.imaging.ycbcr2020 import ycbcr420


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
