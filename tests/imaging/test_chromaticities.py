"""Primaries and matrices against colour-science's own derivation."""

import colour
import numpy as np
import pytest

from twostage_hdr.errors import InputError
from twostage_hdr.imaging.chromaticities import (
    ACES_AP0,
    ACES_AP1,
    DISPLAY_P3,
    REC709,
    REC2020,
    Chromaticities,
    name_of,
    rgb_to_xyz,
    stated_chromaticities,
    to_rec709,
)

SPACES = {
    "ITU-R BT.709": REC709,
    "ITU-R BT.2020": REC2020,
    "Display P3": DISPLAY_P3,
    "ACES2065-1": ACES_AP0,
    "ACEScg": ACES_AP1,
}


@pytest.mark.parametrize("name", SPACES)
def test_the_primaries_are_those_of_colour_science(name: str) -> None:
    space = colour.RGB_COLOURSPACES[name]
    np.testing.assert_allclose(SPACES[name][:3], space.primaries, atol=1e-4)
    np.testing.assert_allclose(SPACES[name].white, space.whitepoint, atol=1e-4)


@pytest.mark.parametrize("name", SPACES)
def test_the_matrix_to_xyz_is_that_of_colour_science(name: str) -> None:
    primaries = SPACES[name]
    expected = colour.normalised_primary_matrix(np.array(primaries[:3]), np.array(primaries.white))
    np.testing.assert_allclose(rgb_to_xyz(primaries), expected, atol=1e-12)


@pytest.mark.parametrize("name", SPACES)
def test_the_matrix_to_rec709_adapts_the_white_by_bradford_as_colour_science_does(name: str) -> None:
    expected = colour.matrix_RGB_to_RGB(_space(SPACES[name]), _space(REC709), chromatic_adaptation_transform="Bradford")
    np.testing.assert_allclose(to_rec709(SPACES[name]), expected, atol=1e-6)


def _space(primaries: Chromaticities) -> colour.RGB_Colourspace:
    return colour.RGB_Colourspace(
        "of a file",
        np.array(primaries[:3]),
        np.array(primaries.white),
        use_derived_matrix_RGB_to_XYZ=True,
        use_derived_matrix_XYZ_to_RGB=True,
    )


def test_white_stays_white() -> None:
    for primaries in SPACES.values():
        np.testing.assert_allclose(to_rec709(primaries) @ np.ones(3), 1, atol=1e-6)


def test_primaries_are_named_in_spite_of_rounding() -> None:
    assert name_of(Chromaticities((0.6401, 0.33), (0.3, 0.5999), (0.15, 0.06), (0.3127, 0.329))) == "Rec. 709"
    assert name_of(Chromaticities((0.7, 0.3), (0.2, 0.7), (0.15, 0.06), (0.3127, 0.329))) == "unnamed primaries"


def test_eight_numbers_of_a_file_become_primaries() -> None:
    assert stated_chromaticities(np.ravel(DISPLAY_P3).tolist(), "a.exr") == DISPLAY_P3


@pytest.mark.parametrize(
    "values",
    [
        [0.64, 0.33],
        [0.0] * 8,
        [0.3] * 8,
        [float("nan"), *np.ravel(REC709)[1:].tolist()],
        [*np.ravel(REC709)[:7].tolist(), float("inf")],
        [*np.ravel(REC709)[:7].tolist(), 0.0],
        [0.1, 0.1, 0.2, 0.2, 0.3, 0.3, 0.3127, 0.329],
    ],
)
def test_numbers_that_span_no_colours_are_refused_in_one_line(values: list[float]) -> None:
    with pytest.raises(InputError, match=r"a\.exr: chromaticities .* span no colours") as caught:
        stated_chromaticities(values, "a.exr")
    assert "\n" not in str(caught.value)
