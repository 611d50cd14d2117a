import numpy as np
import pytest

from twostage_hdr.data.inspection.exposure_order import order_problem

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
