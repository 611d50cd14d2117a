import numpy as np
import pytest

from twostage_hdr.data.inspection.dynamic_range import range_in_stops


@pytest.mark.parametrize("stops", [1.0, 8.0, 20.0])
def test_a_ramp_in_log_light_has_the_stops_that_it_was_made_with(stops: float) -> None:
    ramp = 2.0 ** np.linspace(0, stops, 100 * 100)
    linear = np.repeat(ramp.reshape(100, 100, 1), 3, axis=2).astype(np.float32)
    assert range_in_stops(linear) == pytest.approx(0.998 * stops, abs=0.02 * stops)


def test_scale_does_not_matter_and_single_hot_pixels_do_not_decide() -> None:
    linear = np.random.default_rng(0).uniform(0.1, 1, (80, 80, 3)).astype(np.float32)
    hot = linear.copy()
    hot[3, 3] = 1e6
    assert range_in_stops(1000 * linear) == pytest.approx(range_in_stops(linear), abs=1e-4)
    assert range_in_stops(hot) == pytest.approx(range_in_stops(linear), abs=0.1)


def test_a_black_image_has_none() -> None:
    assert range_in_stops(np.zeros((4, 4, 3), np.float32)) == 0
