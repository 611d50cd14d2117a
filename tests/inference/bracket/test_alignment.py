import cv2
import numpy as np
import pytest

from tests.refusal import refusal_of
from twostage_hdr.inference.bracket.alignment import align, apply_warp

NAMES = ("a.jpg", "b.jpg", "c.jpg")


def _frame(light, stop, seed=0):
    exposed = light * 2.0**stop
    noisy = exposed + 0.004 * np.random.default_rng(seed).standard_normal(light.shape) * np.sqrt(exposed + 1e-3)
    return np.rint(255 * np.clip(noisy, 0, 1) ** (1 / 2.2)).astype(np.uint8)


def _moved(light, across, down, angle=0.0):
    """The scene as a camera sees it that moved so; and the homography from still pixels to moved ones."""
    cos, sin = np.cos(angle), np.sin(angle)
    warp = np.array([[cos, -sin, across], [sin, cos, down], [0, 0, 1]])
    size = light.shape[1], light.shape[0]
    return cv2.warpPerspective(light, warp, size, borderMode=cv2.BORDER_REFLECT), warp


def _error(found, warp, height, width):
    corners = np.array([[[0, 0], [width, 0], [0, height], [width, height]]], np.float64)
    return np.linalg.norm(
        cv2.perspectiveTransform(corners, found) - cv2.perspectiveTransform(corners, warp), axis=-1
    ).max()


@pytest.mark.parametrize(("across", "down", "angle"), [(9.0, -5.0, 0.0), (-17.3, 4.4, 0.012), (2.2, 1.1, -0.004)])
def test_the_movement_of_a_hand_is_found_across_exposures(scene, across, down, angle):
    light = scene(301, 403)
    moved, warp = _moved(light, across, down, angle)
    found = align([_frame(light, 0), _frame(moved, -2), _frame(moved, 2)], NAMES, 0, "homography")
    assert found[0].warp is None
    for alignment in found[1:]:
        assert _error(alignment.warp, warp, 301, 403) < 1.0
        assert alignment.moved == pytest.approx(np.hypot(across, down), abs=3.0)


def test_frames_of_a_tripod_are_left_as_they_are(scene):
    light = scene()
    found = align([_frame(light, stop, seed) for seed, stop in enumerate((-3, 0, 3))], NAMES, 1, "homography")
    assert all(alignment.warp is None and alignment.moved == 0 for alignment in found)


def test_threshold_bitmaps_find_shifts(scene):
    light = scene(301, 403)
    moved, warp = _moved(light, 12.0, -7.0)
    found = align([_frame(light, 0), _frame(moved, 1)], NAMES[:2], 0, "mtb")
    assert _error(found[1].warp, warp, 301, 403) < 2.0


def test_none_moves_nothing(scene):
    light = scene()
    found = align([_frame(light, 0), _frame(_moved(light, 9, 9)[0], 1)], NAMES[:2], 0, "none")
    assert all(alignment.warp is None for alignment in found)


def test_frames_of_different_scenes_are_refused_by_name(scene):
    with refusal_of("b.jpg", "a.jpg", "--align mtb", "--align none"):
        align([_frame(scene(seed=1), 0), _frame(scene(seed=2), -1)], NAMES[:2], 0, "homography")


def test_black_frames_are_refused_and_not_a_crash(scene):
    with refusal_of("b.jpg", "a.jpg"):
        align([_frame(scene(), 0), np.zeros((181, 243, 3), np.uint8)], NAMES[:2], 0, "homography")


def test_a_warped_frame_says_what_it_covers_and_counts_less_towards_the_border_of_that(scene):
    pixels = _frame(scene(), 0)
    warped, covered = apply_warp(pixels, np.array([[1.0, 0, 10], [0, 1, 0], [0, 0, 1]]))
    np.testing.assert_array_equal(warped[:, :-10], pixels[:, 10:])
    assert (covered[:, -10:] == 0).all()
    assert (covered[:, : -10 - 243 // 16 - 1] == 255).all()
    np.testing.assert_allclose(
        covered[:, -10 - 15 : -10], np.tile(255 * np.arange(15, 0, -1) / (243 / 16), (181, 1)), atol=1
    )


def test_a_thing_that_moves_by_itself_does_not_pull_the_frame_after_it(scene):
    light = scene(301, 403)
    moved, warp = _moved(light, 3.0, -4.0)
    for frame, left in ((light, 60), (moved, 160)):
        frame[80:200, left : left + 120] = scene(120, 120, seed=5)
    found = align([_frame(light, 0), _frame(moved, 2)], NAMES[:2], 0, "homography")
    assert _error(found[1].warp, warp, 301, 403) < 1.0


def test_a_sky_without_edges_is_left_as_it_is():
    light = np.repeat(np.linspace(0.3, 0.5, 200)[:, None, None], 300, axis=1).repeat(3, axis=2)
    found = align([_frame(light, stop, seed) for seed, stop in enumerate((0, -2))], NAMES[:2], 0, "homography")
    assert found[1].warp is None


def test_of_three_frames_one_that_cannot_be_aligned_is_none(scene):
    light = scene()
    frames = [_frame(light, 0), np.zeros((181, 243, 3), np.uint8), _frame(light, 2)]
    found = align(frames, NAMES, 0, "homography")
    assert found[1] is None
    assert found[2].warp is None
