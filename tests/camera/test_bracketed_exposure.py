import numpy as np
import pytest
import torch

from twostage_hdr.camera.bracketed_exposure import BracketedExposure
from twostage_hdr.camera.exposure import ClippedShareExposure
from twostage_hdr.errors import InputError

SCENE = torch.rand(3, 20, 30, generator=torch.Generator().manual_seed(1)) ** 4


def test_every_frame_is_whole_stops_from_the_medium_one_and_all_come_up() -> None:
    bracket, medium = BracketedExposure(stops=(-2, 0, 2)), ClippedShareExposure()
    stops = []
    for seed in range(60):
        ratio = bracket.scale(SCENE, np.random.default_rng(seed)) / medium.scale(SCENE, np.random.default_rng(seed))
        stops.append(round(float(np.log2(ratio)), 6))
    counts = {stop: stops.count(stop) for stop in set(stops)}
    assert set(counts) == {-2.0, 0.0, 2.0}
    assert min(counts.values()) > 8  # of 20 expected; fewer than 9 has a probability below 0.1 %


def test_a_bracket_of_one_medium_frame_is_the_medium_exposure() -> None:
    alone = BracketedExposure(low=0.05, high=0.1, stops=(0,))
    medium = ClippedShareExposure(low=0.05, high=0.1)
    for seed in range(3):
        assert alone.scale(SCENE, np.random.default_rng(seed)) == medium.scale(SCENE, np.random.default_rng(seed))


@pytest.mark.parametrize("stops", [(), (0.0, float("nan")), (float("inf"),)])
def test_stops_that_are_no_numbers_are_refused(stops: tuple[float, ...]) -> None:
    with pytest.raises(InputError, match="stops"):
        BracketedExposure(stops=stops)


def test_positive_stops_give_more_light() -> None:
    bracket, medium = BracketedExposure(stops=(-1, 3)), ClippedShareExposure()
    ratios = {
        round(bracket.scale(SCENE, np.random.default_rng(seed)) / medium.scale(SCENE, np.random.default_rng(seed)), 6)
        for seed in range(30)
    }
    assert ratios == {0.5, 8.0}
