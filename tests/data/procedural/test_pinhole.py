import numpy as np
import pytest

from twostage_hdr.data.procedural.pinhole import View, mix, smoothstep


def test_the_horizon_lies_at_its_share_of_the_height_and_straight_ahead_in_the_middle() -> None:
    view = View.level(100, 61, horizon=0.3, focal=1.2)
    assert float(np.interp(0, -view.y[:, 0], np.arange(100) + 0.5)) == pytest.approx(30, abs=1e-3)
    assert float(view.x[0, 30]) == pytest.approx(0, abs=1e-6)


def test_a_pixel_is_one_over_the_focal_length_wide() -> None:
    view = View.level(50, 80, horizon=0.5, focal=1.5)
    assert view.focal == 120
    np.testing.assert_allclose(np.diff(view.x[0]), 1 / 120, rtol=1e-3)
    np.testing.assert_allclose(-np.diff(view.y[:, 0]), 1 / 120, rtol=1e-3)


def test_smoothstep_rises_or_falls_between_its_limits() -> None:
    values = np.array([-1, 0, 0.25, 0.5, 1, 2], dtype=np.float32)
    expected = [0, 0, 3 * 0.25**2 - 2 * 0.25**3, 0.5, 1, 1]
    np.testing.assert_allclose(smoothstep(0, 1, values), expected, atol=1e-6)
    np.testing.assert_allclose(smoothstep(1, 0, values), 1 - np.array(expected), atol=1e-6)


def test_mix_ends_at_both_pictures() -> None:
    first, second = np.random.default_rng(0).standard_normal((2, 3, 4, 5))
    np.testing.assert_allclose(mix(first, second, np.zeros((4, 5))), first)
    np.testing.assert_allclose(mix(first, second, np.ones((4, 5))), second)
