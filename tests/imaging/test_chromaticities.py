"""Primaries and matrices against colour-science's own derivation."""

import colour
import numpy as np
import pytest

from tests.refusal import refusal_of
from twostage_hdr.imaging.chromaticities import (
    ACES_AP0,
    ACES_AP1,
    DISPLAY_P3,
    REC709,
    REC2020,
    Chromaticities,
    name_of,
    rec709_image,
    rgb_to_xyz,
    stated_chromaticities,
    to_primaries,
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
    with refusal_of("a.exr", "chromaticities", ", ".join(f"{value:g}" for value in values)):
        stated_chromaticities(values, "a.exr")


def test_rec709_pixels_pass_as_they_are(noise: np.ndarray) -> None:
    image = rec709_image("a.exr", noise, "")
    np.testing.assert_array_equal(image.pixels, noise)
    assert image.notes == ()


def test_aces_pixels_are_converted_as_colour_science_does() -> None:
    rec709 = np.random.default_rng(1).random((3, 4, 3)) + 0.1
    aces = colour.RGB_to_RGB(rec709, "ITU-R BT.709", "ACES2065-1", chromatic_adaptation_transform="Bradford")
    image = rec709_image("a.exr", aces.astype(np.float32), "", primaries=ACES_AP0)
    np.testing.assert_allclose(image.pixels, rec709, atol=2e-4)
    assert image.notes == ("converted from ACES AP0 to Rec. 709",)


def test_negative_values_become_black_and_are_counted() -> None:
    linear = np.ones((2, 2, 3), np.float32)
    linear[0, 0] = (-0.25, -1, 3)
    image = rec709_image("a.exr", linear, "")
    np.testing.assert_array_equal(image.pixels[0, 0], [0, 0, 3])
    assert image.notes == ("2 negative values set to 0 (lowest -1)",)
    assert linear.min() == -1  # the caller's array is left alone


@pytest.mark.parametrize("broken", [np.nan, np.inf, -np.inf])
def test_what_is_no_number_is_never_washed_away(broken: float) -> None:
    linear = np.ones((2, 2, 3), np.float32)
    linear[1, 1, 2] = broken
    with refusal_of("a.exr", "1 of 12", "NaN"):
        rec709_image("a.exr", linear, "")


def test_pixels_of_other_primaries_are_those_of_colour_science(noise: np.ndarray) -> None:
    expected = colour.RGB_to_RGB(noise, "Display P3", "ITU-R BT.2020", chromatic_adaptation_transform=None)
    np.testing.assert_allclose(to_primaries(noise, DISPLAY_P3, REC2020), np.maximum(expected, 0), rtol=1e-3, atol=2e-3)
    assert to_primaries(noise, DISPLAY_P3, DISPLAY_P3) is noise
    assert to_primaries(np.float32([[[0, 1, 0]]]), REC2020, REC709).min() == 0
