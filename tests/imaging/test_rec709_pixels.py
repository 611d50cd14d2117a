import colour
import numpy as np
import pytest

from twostage_hdr.errors import InputError
from twostage_hdr.imaging.chromaticities import ACES_AP0
from twostage_hdr.imaging.rec709_pixels import to_rec709_pixels


def test_rec709_pixels_pass_as_they_are(noise: np.ndarray) -> None:
    pixels, notes = to_rec709_pixels(noise, "a.exr")
    np.testing.assert_array_equal(pixels, noise)
    assert notes == ()


def test_aces_pixels_are_converted_as_colour_science_does() -> None:
    rec709 = np.random.default_rng(1).random((3, 4, 3)) + 0.1
    aces = colour.RGB_to_RGB(rec709, "ITU-R BT.709", "ACES2065-1", chromatic_adaptation_transform="Bradford")
    pixels, notes = to_rec709_pixels(aces.astype(np.float32), "a.exr", ACES_AP0)
    np.testing.assert_allclose(pixels, rec709, atol=2e-4)
    assert notes == ("converted from ACES AP0 to Rec. 709",)


def test_negative_values_become_black_and_are_counted() -> None:
    linear = np.ones((2, 2, 3), np.float32)
    linear[0, 0] = (-0.25, -1, 3)
    pixels, notes = to_rec709_pixels(linear, "a.exr")
    np.testing.assert_array_equal(pixels[0, 0], [0, 0, 3])
    assert notes == ("2 negative values set to 0 (lowest -1)",)
    assert linear.min() == -1  # the caller's array is left alone


@pytest.mark.parametrize("broken", [np.nan, np.inf, -np.inf])
def test_what_is_no_number_is_never_washed_away(broken: float) -> None:
    linear = np.ones((2, 2, 3), np.float32)
    linear[1, 1, 2] = broken
    with pytest.raises(InputError, match=r"^a\.exr: 1 of 12 values are NaN or infinite"):
        to_rec709_pixels(linear, "a.exr")
