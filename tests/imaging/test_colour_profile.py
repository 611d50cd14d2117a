"""Embedded profiles against matrices that colour-science derives."""

import io

import colour
import imagecodecs
import numpy as np
import pytest
from PIL import ImageCms

from twostage_hdr.imaging.chromaticities import DISPLAY_P3, REC709, REC2020, Chromaticities
from twostage_hdr.imaging.colour_profile import convert_to_srgb, rgb_profile

SPACES = {"Display P3": 2.2, "ITU-R BT.2020": 2.4, "Adobe RGB (1998)": 2.19921875}


def profile_of(name: str, gamma: float) -> bytes:
    """An ICC profile with a space's primaries and a plain gamma."""
    space = colour.RGB_COLOURSPACES[name]
    primaries = [number for xy in space.primaries for number in (*map(float, xy), 1.0)]
    white = (*map(float, space.whitepoint), 1.0)
    return bytes(imagecodecs.cms_profile("rgb", whitepoint=white, primaries=primaries, gamma=gamma))


def muted_colours(count: int) -> np.ndarray:
    """Linear sRGB colours well inside every space's gamut."""
    return np.random.default_rng(2).uniform(0.15, 0.9, (4, count, 3))


@pytest.mark.parametrize("name", SPACES)
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_colours_of_a_wide_space_become_the_same_colours_in_srgb(name: str, dtype: type) -> None:
    gamma = SPACES[name]
    linear = muted_colours(50)
    wide = colour.RGB_to_RGB(linear, "sRGB", name, chromatic_adaptation_transform=None)
    limit = np.iinfo(dtype).max
    stored = np.rint(np.clip(wide, 0, 1) ** (1 / gamma) * limit).astype(dtype)
    converted, notes = convert_to_srgb(stored, profile_of(name, gamma))
    assert converted.dtype == dtype
    assert len(notes) == 1
    assert notes[0].endswith("to sRGB")
    expected = colour.models.eotf_inverse_sRGB(linear) * limit
    # The widest space's own 8-bit steps are up to three of sRGB's.
    np.testing.assert_allclose(converted, expected, atol=3 if dtype is np.uint8 else 12)


def test_srgb_needs_no_conversion_and_no_word() -> None:
    pixels = np.arange(60, dtype=np.uint8).reshape(4, 5, 3)
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    converted, notes = convert_to_srgb(pixels, profile)
    assert converted is pixels
    assert notes == []
    assert convert_to_srgb(pixels, None) == (pixels, [])


def test_a_damaged_profile_is_left_alone_with_a_word() -> None:
    pixels = np.arange(60, dtype=np.uint8).reshape(4, 5, 3)
    converted, notes = convert_to_srgb(pixels, b"no profile at all")
    assert converted is pixels
    assert notes == ["damaged colour profile ignored"]


def test_a_profile_of_another_model_is_left_alone_with_a_word() -> None:
    pixels = np.arange(60, dtype=np.uint8).reshape(4, 5, 3)
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    converted, notes = convert_to_srgb(pixels, profile)
    assert converted is pixels
    assert "not RGB" in notes[0]


@pytest.mark.parametrize(("primaries", "name"), [(REC709, "sRGB built-in"), (DISPLAY_P3, "Display P3")])
def test_a_profile_of_ours_means_what_colour_science_computes(primaries: Chromaticities, name: str) -> None:
    profile = rgb_profile(primaries)
    opened = ImageCms.ImageCmsProfile(io.BytesIO(profile)).profile
    assert opened.profile_description == name
    assert opened.creation_date.year == 2021  # not today: equal results are equal files
    pixels = muted_colours(40)
    converted, _ = convert_to_srgb(np.rint(pixels * 65535).astype(np.uint16), profile)
    space = "sRGB" if primaries == REC709 else "Display P3"
    linear = colour.RGB_to_RGB(colour.models.eotf_sRGB(pixels), space, "sRGB", chromatic_adaptation_transform=None)
    expected = colour.models.eotf_inverse_sRGB(np.clip(linear, 0, 1))
    np.testing.assert_allclose(converted / 65535, expected, atol=2e-3)


def test_a_gamma_of_ours_is_the_curve_of_all_channels() -> None:
    profile = ImageCms.ImageCmsProfile(io.BytesIO(rgb_profile(REC2020, 2.24))).profile
    assert profile.profile_description == "Rec. 2020"
    np.testing.assert_allclose(profile.chromaticity[1][:2], REC2020.green, atol=1e-3)
