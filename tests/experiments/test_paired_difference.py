import math

import numpy as np
import pytest

from experiments.comparison.paired_difference import needed, paired_difference

PLACES = {"a1": "a", "a2": "a", "b": "b"}


def test_the_mean_counts_images_and_the_place_mean_places() -> None:
    own, other = {"a1": 3.0, "a2": 5.0, "b": 1.0}, {"a1": 1.0, "a2": 1.0, "b": 1.0}
    found = paired_difference([own], [other], PLACES)
    assert found is not None
    assert (found.mean, found.place_mean) == (2.0, 1.5)
    assert (found.seeds, found.images, found.places, found.seeds_needed) == (1, 3, 2, None)
    assert not found.told_apart  # of one seed nothing is known


def test_what_all_seeds_share_does_not_widen_the_interval() -> None:
    rng = np.random.default_rng(0)
    scenes = [f"{i}" for i in range(30)]
    level = rng.normal(0, 10, size=(5, 1)) + rng.normal(0, 10, size=30)  # of seed and image, much wider than the gain
    gain = 0.5 + rng.normal(0, 0.1, size=(5, 30))
    other = [dict(zip(scenes, map(float, row), strict=True)) for row in level]
    own = [dict(zip(scenes, map(float, row), strict=True)) for row in level + gain]
    found = paired_difference(own, other, {})
    assert found is not None
    assert found.mean == pytest.approx(0.5, abs=0.05)
    assert 0.4 < found.low < found.high < 0.6
    assert found.told_apart
    assert found.p_value < 1e-5


def test_images_without_a_number_in_one_of_them_are_left_out() -> None:
    found = paired_difference([{"a1": 2.0, "b": math.nan}], [{"a1": 1.0, "b": 1.0}], PLACES)
    assert found is not None
    assert (found.images, found.mean) == (1, 1.0)
    assert paired_difference([{"b": math.nan}], [{"b": 1.0}], PLACES) is None
    assert paired_difference([], [], PLACES) is None


def test_the_number_that_would_be_needed_makes_the_half_interval_as_long_as_the_mean() -> None:
    values = np.array([1.0, -1.0, 2.0, 0.0])
    count = needed(values, 0.5)
    assert count is not None
    deviation = values.std(ddof=1)
    assert 1.96 * deviation / math.sqrt(count) <= 0.5 < 1.96 * deviation / math.sqrt(count - 1)
    assert needed(values, 0.0) is None
    assert needed(values[:1], 0.5) is None
