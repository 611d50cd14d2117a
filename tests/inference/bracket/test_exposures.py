import numpy as np
import pytest

from tests.refusal import refusal_of
from twostage_hdr.inference.bracket.exposures import best_exposed, contradicting_stops, measured_stops
from twostage_hdr.inference.bracket.response import gamma_response, sigmoid_response, srgb_response

GAMMA = gamma_response()


def _frames(light, stops):
    return [np.rint(255 * np.clip(light * 2.0**stop, 0, 1) ** (1 / 2.24)).astype(np.uint8) for stop in stops]


def test_exposures_are_told_by_the_pixels(scene):
    stops = [1.3, -2.0, 0.0, 2.7]
    assert measured_stops(_frames(scene(), stops), GAMMA, 2, None) == pytest.approx(stops, abs=0.02)


def test_pixels_correct_what_is_stated_a_little_but_no_more(scene):
    frames = _frames(scene(), [0.0, 2.1])
    assert measured_stops(frames, GAMMA, 0, [0.0, 2.0]) == pytest.approx([0, 2.1], abs=0.02)
    assert measured_stops(frames, GAMMA, 0, [0.0, 3.0]) == [0, 3]


def test_frames_without_anything_in_common_need_a_statement():
    frames = [np.zeros((40, 40, 3), np.uint8), np.full((40, 40, 3), 255, np.uint8)]
    with refusal_of("exposures", "EXIF", "--ev"):
        measured_stops(frames, GAMMA, 0, None)
    assert measured_stops(frames, GAMMA, 1, [0.0, 6.0]) == [-6, 0]


def test_the_best_exposed_frame_is_neither_dark_nor_clipped(scene):
    assert best_exposed(_frames(scene(), [-5.0, 6.0, 0.5]), GAMMA) == 2
    assert best_exposed(_frames(scene(), [0.0, 0.0]), GAMMA) == 0


@pytest.mark.parametrize("n_and_s", [(0.7, 0.3), (0.9, 0.6), (1.2, 1.0)])
@pytest.mark.parametrize("stops", [(0.0, -2.0, 2.0), (0.0, -3.0), (-4.0, -1.0, 0.0, 2.0), (0.0, 0.0)])
def test_exposures_that_are_stated_right_are_not_doubted_whatever_the_camera(scene, n_and_s, stops):
    """Its response makes every step longer or shorter by one factor if sRGB is assumed."""
    light, codes = np.clip(scene(), 0, None), np.arange(256) / 255
    curve = sigmoid_response(*n_and_s)
    frames = [
        np.rint(255 * np.interp(np.clip(light * 2.0**stop, 0, 1), curve, codes)).astype(np.uint8) for stop in stops
    ]
    assert contradicting_stops(frames, srgb_response(), 0, stops) is None


@pytest.mark.parametrize(
    "stated",
    [(0, -1, 1, 2), (0, 3, -0.1, -2), (0, -1, 0.04, 0.8), (0, 0, 0, 0)],
    ids=["equal", "order", "short", "none"],
)
def test_exposures_that_are_stated_wrong_are_contradicted_by_what_the_pixels_say(scene, stated):
    frames = _frames(scene(), [0.0, -3.0, 0.1, 2.0])
    assert contradicting_stops(frames, GAMMA, 0, stated) == pytest.approx([0, -3, 0.1, 2], abs=0.02)


def test_frames_without_anything_in_common_contradict_nothing():
    frames = [np.zeros((40, 40, 3), np.uint8), np.full((40, 40, 3), 255, np.uint8)]
    assert contradicting_stops(frames, GAMMA, 0, [0.0, 1.0]) is None
