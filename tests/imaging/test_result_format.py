"""What formats get to write, and where they end."""

from pathlib import Path

import colour
import numpy as np

from tests.refusal import refusal_of
from twostage_hdr.imaging.chromaticities import DISPLAY_P3, REC709
from twostage_hdr.imaging.exif import PictureInfo
from twostage_hdr.imaging.result_format import GainMapSize, Result, ResultOptions, one_of, pq_peak


def test_an_image_in_other_primaries_is_that_of_colour_science(noise: np.ndarray) -> None:
    result = Result(
        paths=[Path("a"), Path("b")],
        width=23,
        height=19,
        options=ResultOptions(),
        info=PictureInfo(primaries=DISPLAY_P3),
        spooled=lambda: iter((noise[:7], noise[7:])),
    )
    np.testing.assert_array_equal(result.image(), noise)
    expected = colour.RGB_to_RGB(noise, "Display P3", "ITU-R BT.709", chromatic_adaptation_transform=None)
    np.testing.assert_allclose(result.image(REC709), np.maximum(expected, 0), rtol=1e-3, atol=2e-3)
    assert result.path == Path("a")


def test_pq_ends_at_ten_thousand_nits() -> None:
    assert pq_peak(ResultOptions()) == (50, "PQ")
    assert pq_peak(ResultOptions(white_nits=1000.0)) == (10, "PQ")


def test_an_unknown_size_of_gain_maps_is_refused_with_the_choices() -> None:
    assert one_of("--gain-map", "half", GainMapSize) == "half"
    with refusal_of("--gain-map third", "full", "half", "quarter"):
        one_of("--gain-map", "third", GainMapSize)
