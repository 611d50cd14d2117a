"""Pictures for ordinary screens: Reinhard's curve by hand, colour-science's sRGB, and what must not happen."""

from pathlib import Path

import colour
import cv2
import numpy as np
import pytest
import torch

from twostage_hdr.imaging.preview import (
    eight_bit,
    exposure_strip,
    labelled_columns,
    preview,
    to_srgb8,
    write_png8,
)

WEIGHTS = np.array([0.2126, 0.7152, 0.0722])


def test_greys_follow_reinhards_extended_curve(scene: np.ndarray) -> None:
    grey = np.repeat(scene[8:, :, :1], 3, axis=2)
    luminance = grey[..., 0].astype(np.float64)
    scaled = 0.18 / np.exp(np.mean(np.log(luminance + 1e-6))) * luminance
    expected = colour.models.eotf_inverse_sRGB(np.minimum(scaled * (1 + scaled / 9) / (1 + scaled), 1)) * 255
    np.testing.assert_allclose(preview(grey, white=3.0)[..., 1], expected, atol=0.51)


def test_a_key_moves_mid_grey() -> None:
    flat = np.full((8, 8, 3), 5.0, np.float32)
    scaled = 0.5
    expected = colour.models.eotf_inverse_sRGB(scaled * (1 + scaled / 16) / (1 + scaled)) * 255
    np.testing.assert_allclose(preview(flat, key=0.5, white=4.0), expected, atol=0.51)


@pytest.mark.parametrize("factor", [1 / 64, 1000])
def test_the_scale_of_the_image_does_not_matter(scene: np.ndarray, factor: float) -> None:
    bright = scene[8:]
    difference = preview(bright).astype(int) - preview(bright * np.float32(factor)).astype(int)
    assert np.abs(difference).max() <= 1


def test_brighter_light_is_never_shown_darker() -> None:
    ramp = np.geomspace(1e-4, 1e4, 500, dtype=np.float32)
    shown = preview(np.repeat(ramp[None, :, None], 3, axis=2))[0, :, 0].astype(int)
    assert (np.diff(shown) >= 0).all()
    assert shown[-1] == 255


def test_by_default_the_brightest_thousandth_is_white_and_hardly_more() -> None:
    light = np.geomspace(0.01, 1000, 10_000, dtype=np.float32)
    scaled = 0.18 / np.exp(np.mean(np.log(light.astype(np.float64) + 1e-6))) * light
    white = np.percentile(scaled, 99.9)
    expected = colour.models.eotf_inverse_sRGB(np.minimum(scaled * (1 + scaled / white**2) / (1 + scaled), 1)) * 255
    shown = preview(np.repeat(light.reshape(100, 100, 1), 3, axis=2))[..., 0].ravel()
    np.testing.assert_allclose(shown, expected, atol=0.51)
    assert np.mean(shown == 255) < 0.02


def test_a_saturated_colour_too_bright_for_the_screen_fades_to_white_and_keeps_its_order() -> None:
    picture = np.full((4, 4, 3), 0.05, np.float32)
    picture[0, 0] = (40, 8, 2)
    red, green, blue = preview(picture, white=100.0)[0, 0].astype(int)
    assert red >= green >= blue > 0


def test_black_is_black_and_one_pixel_is_enough() -> None:
    assert preview(np.zeros((5, 7, 3), np.float32)).max() == 0
    assert preview(np.ones((1, 1, 3), np.float32)).shape == (1, 1, 3)


def test_blocks_of_rows_leave_no_seams(scene: np.ndarray) -> None:
    tall = np.tile(scene, (12, 1, 1))  # 576 rows: more than two blocks
    np.testing.assert_array_equal(preview(tall)[:48], preview(tall)[-48:])


def test_linear_light_becomes_colour_sciences_srgb() -> None:
    linear = np.linspace(-0.1, 1.2, 300, dtype=np.float32)
    expected = colour.models.eotf_inverse_sRGB(np.clip(linear, 0, 1)) * 255
    shown = to_srgb8(np.repeat(linear[None, :, None], 3, axis=2))
    np.testing.assert_allclose(shown[0, :, 2], expected, atol=0.51)


def test_panels_of_a_strip_are_exposures_side_by_side(scene: np.ndarray) -> None:
    strip = exposure_strip(scene, (-3, 0, 2.5))
    assert strip.shape == (48, 3 * 64, 3)
    for place, stop in enumerate((-3, 0, 2.5)):
        expected = colour.models.eotf_inverse_sRGB(np.clip(scene.astype(np.float64) * 2**stop, 0, 1)) * 255
        np.testing.assert_allclose(strip[:, place * 64 : (place + 1) * 64], expected, atol=0.51)


def test_small_panels_average_light_and_not_codes() -> None:
    board = np.zeros((8, 8, 3), np.float32)
    board[::2, ::2] = 1  # a quarter of the pixels
    panel = exposure_strip(board, (0,), panel_width=4)
    assert panel.shape == (4, 4, 3)
    np.testing.assert_allclose(panel, colour.models.eotf_inverse_sRGB(0.25) * 255, atol=0.51)


@pytest.mark.parametrize(
    ("size", "width", "expected"), [((5, 7), 3, (2, 3)), ((1, 1), 640, (1, 1)), ((3, 90), 9, (1, 30))]
)
def test_a_strip_of_any_size_has_panels_of_about_the_width_asked(size, width, expected) -> None:
    strip = exposure_strip(np.ones((*size, 3), np.float32), (0, 1), panel_width=width)
    assert strip.shape == (expected[0], 2 * expected[1], 3)


def test_no_stops_are_refused() -> None:
    with pytest.raises(ValueError, match=r"stops=\(\)"):
        exposure_strip(np.ones((2, 2, 3), np.float32), ())


def test_opencv_reads_what_was_written(tmp_path: Path) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (7, 5, 3), dtype=np.uint8)
    write_png8(tmp_path / "a.png", pixels)
    np.testing.assert_array_equal(cv2.imread(str(tmp_path / "a.png"), cv2.IMREAD_UNCHANGED)[:, :, ::-1], pixels)


def test_a_file_of_the_same_name_is_replaced(tmp_path: Path) -> None:
    for value in (10, 200):
        write_png8(tmp_path / "a.png", np.full((3, 3, 3), value, np.uint8))
    assert cv2.imread(str(tmp_path / "a.png")).max() == 200
    assert [path.name for path in tmp_path.iterdir()] == ["a.png"]


def test_values_are_rounded_to_the_nearest_code_and_clipped() -> None:
    values = torch.tensor([-0.5, 0.0, 0.4 / 255, 0.6 / 255, 1.0, 7.0]).expand(3, 1, 6)
    np.testing.assert_array_equal(eight_bit(values)[0, :, 1], [0, 0, 0, 1, 255, 255])


def test_channels_and_axes_keep_their_places() -> None:
    image = torch.zeros(3, 4, 6)
    image[1, 2, 5] = 1
    assert eight_bit(image).shape == (4, 6, 3)
    assert np.argwhere(eight_bit(image)).tolist() == [[2, 5, 1]]


@pytest.mark.parametrize("width", [16, 240, 1900])
def test_columns_get_a_bar_with_their_names_and_stay_as_they_are(width: int) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (20, 3 * width, 3), dtype=np.uint8)
    labelled = labelled_columns(pixels, ["LDR", "", "result"])
    bar = labelled[:-20]
    np.testing.assert_array_equal(labelled[-20:], pixels)
    # Letters are bright on dark, in the named columns alone, and none reaches into its neighbour's.
    bright = [(bar[:, place * width : (place + 1) * width] > 128).any() for place in range(3)]
    assert bright == [True, False, True]
