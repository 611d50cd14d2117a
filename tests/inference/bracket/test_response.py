import numpy as np
import pytest
from scipy.special import betainc

from twostage_hdr.inference.bracket.response import find_response, gamma_response, sigmoid_response, srgb_response
from twostage_hdr.radiometry.gamma import HDM_GAMMA

STOPS = (-2.0, 0.0, 2.0)
GRID = np.linspace(0, 1, 100001)


def _frames(light, curve, stops=STOPS):
    return [np.rint(255 * np.interp(np.clip(light * 2.0**stop, 0, 1), GRID, curve)).astype(np.uint8) for stop in stops]


def _error(response, curve):
    """Largest relative error of the recovered light where frames tell it, whatever its scale."""
    codes = np.arange(40, 240)
    ratio = response[codes] / np.interp(codes / 255, curve, GRID)
    return float(np.abs(ratio / np.median(ratio) - 1).max())


CURVES = {
    "gamma": GRID ** (1 / HDM_GAMMA),
    "srgb": np.where(GRID < 0.0031308, 12.92 * GRID, 1.055 * GRID ** (1 / 2.4) - 0.055),
    "sigmoid": 1.5 * GRID**0.8 / (GRID**0.8 + 0.5),
    "shoulder and toe": betainc(1.2, 2.5, GRID) ** 0.6,
}


@pytest.mark.parametrize(("name", "title"), [("gamma", "gamma 2.24"), ("srgb", "sRGB")])
def test_a_known_curve_is_recognised_exactly(scene, name, title):
    response, said = find_response(_frames(scene(), CURVES[name]), STOPS)
    assert said == title
    np.testing.assert_array_equal(response, {"gamma": gamma_response(), "srgb": srgb_response()}[name])


@pytest.mark.parametrize(("name", "allowed"), [("sigmoid", 0.01), ("shoulder and toe", 0.06)])
def test_an_unknown_curve_is_recovered_from_the_frames(scene, name, allowed):
    response, said = find_response(_frames(scene(), CURVES[name]), STOPS)
    assert said == "recovered from the frames"
    assert _error(response, CURVES[name]) < allowed
    best_known = min(_error(known, CURVES[name]) for known in (srgb_response(), gamma_response()))
    assert _error(response, CURVES[name]) < best_known / 3


def test_the_order_of_the_frames_does_not_matter(scene):
    frames = _frames(scene(), CURVES["sigmoid"])
    response, _ = find_response(frames, STOPS)
    turned, _ = find_response(frames[::-1], STOPS[::-1])
    np.testing.assert_allclose(turned, response, rtol=1e-6)


def test_equal_exposures_tell_nothing_of_the_curve(scene):
    frames = _frames(scene(), CURVES["sigmoid"], (0.0, 0.0))
    assert find_response(frames, (0.0, 0.0))[1] == "sRGB"


def test_black_frames_are_no_error():
    black = [np.zeros((20, 30, 3), np.uint8)] * 3
    assert find_response(black, STOPS)[1] == "sRGB"


def test_the_sigmoid_is_the_inverse_of_the_cameras():
    light = sigmoid_response(0.8, 0.5)
    np.testing.assert_allclose(1.5 * light**0.8 / (light**0.8 + 0.5), np.arange(256) / 255, atol=1e-6)


@pytest.mark.parametrize("stop", [-5.0, -6.0])
def test_two_frames_far_apart_do_not_brighten_the_black(scene, stop):
    """They leave the dark end of a free curve open."""
    curve = 1.3 * GRID**1.1 / (GRID**1.1 + 0.3)
    response, _ = find_response(_frames(scene(), curve, (0.0, stop)), (0.0, stop))
    assert response[6] == pytest.approx(np.interp(6 / 255, curve, GRID), rel=0.05)


def test_frames_that_no_curve_explains_get_no_staircase(scene):
    """Telephones encode frames by different curves; the free curve that fits best has a step at each exposure."""
    stops, powers = (-2.7, 0.0, 1.5), (0.7, 1.0, 1.3)
    frames = [_frames(scene(), CURVES["srgb"] ** power, (stop,))[0] for stop, power in zip(stops, powers, strict=True)]
    response, _ = find_response(frames, stops)
    codes = np.arange(16, 240, 16)
    slope = np.diff(np.log(response[codes])) / np.diff(np.log(codes))
    assert (slope >= np.maximum.accumulate(slope) / 1.5).all()
    assert slope.min() > 0.7  # light, too, changes where codes do


@pytest.mark.parametrize("powers", [(1.0, 1.4), (0.7, 1.0), (1.0, 0.7)])
def test_frames_that_no_curve_explains_do_not_get_a_black_one(scene, powers):
    """Fitted without bounds, the sigmoid puts all light into the brightest codes, and frames have nothing in common."""
    stops = (0.0, -2.0)
    frames = [_frames(scene(), CURVES["srgb"] ** power, (stop,))[0] for stop, power in zip(stops, powers, strict=True)]
    response, _ = find_response(frames, stops)
    assert 0.1 < response[128] < 0.5
