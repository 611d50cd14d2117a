import numpy as np
import pytest
from skimage.data import astronaut

from twostage_hdr.data.inspection.dynamic_range import has_eight_bit_content, order_problem, range_in_stops


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


@pytest.mark.parametrize("stretch", [1, 257, 256])
def test_a_picture_stretched_from_eight_bits_is_seen(stretch: int) -> None:
    assert has_eight_bit_content(astronaut().astype(np.uint16) * stretch)
    assert has_eight_bit_content((astronaut() / 255).astype(np.float32))


def test_sixteen_bits_of_noise_or_of_a_ramp_are_not() -> None:
    rng = np.random.default_rng(0)
    assert not has_eight_bit_content(rng.integers(0, 65536, (80, 80, 3), dtype=np.uint16))
    ramp = np.arange(128 * 128, dtype=np.uint16).reshape(128, 128, 1).repeat(3, axis=2)
    assert not has_eight_bit_content(ramp)


def test_small_and_constant_images_prove_nothing() -> None:
    assert not has_eight_bit_content(astronaut()[:60, :60])
    assert not has_eight_bit_content(np.zeros((100, 100, 3), np.uint16))


STOPS = {"short": -2.0, "medium": 0.0, "long": 2.0}


def frames(**levels: int) -> dict[str, np.ndarray]:
    return {name: np.full((4, 4, 3), level, np.uint8) for name, level in levels.items()}


def test_brighter_with_longer_exposure_is_right() -> None:
    assert order_problem(frames(short=20, medium=80, long=200), STOPS) is None


def test_a_scene_that_clips_everywhere_may_stay_equally_bright() -> None:
    bright = frames(short=247, medium=248, long=248)
    bright["long"][0, 0] = 249
    assert order_problem(bright, STOPS) is None


@pytest.mark.parametrize(
    ("levels", "stops", "said"),
    [
        ({"short": 80, "medium": 20, "long": 200}, STOPS, "medium is darker than short"),
        ({"short": 20, "medium": 200, "long": 80}, STOPS, "long is darker than medium"),
        ({"short": 20, "medium": 20, "long": 80}, STOPS, "short and medium are the same picture"),
        ({"short": 20, "medium": 80, "long": 200}, STOPS | {"long": -3.0}, "gives long no more light than medium"),
    ],
)
def test_swapped_and_repeated_exposures_are_told(levels: dict[str, int], stops: dict[str, float], said: str) -> None:
    assert said in (order_problem(frames(**levels), stops) or "")
