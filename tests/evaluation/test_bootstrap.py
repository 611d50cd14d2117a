import math

import numpy as np
import pytest
from scipy import stats
from scipy.stats import wilcoxon

from twostage_hdr.evaluation.bootstrap import bootstrap_interval, holm, paired_p_value, place_means


def test_the_interval_of_many_normal_scores_is_that_of_the_central_limit() -> None:
    scores = np.random.default_rng(0).normal(30, 2, size=400)
    half = 1.96 * scores.std(ddof=1) / math.sqrt(400)
    interval = bootstrap_interval(scores, range(400))
    assert interval.low == pytest.approx(scores.mean() - half, abs=0.03)
    assert interval.high == pytest.approx(scores.mean() + half, abs=0.03)


def test_with_a_place_for_each_image_the_interval_agrees_with_scipys_percentile_bootstrap() -> None:
    scores = np.random.default_rng(1).exponential(size=25)
    theirs = stats.bootstrap(
        (scores,), np.mean, n_resamples=20_000, method="percentile", rng=np.random.default_rng(5)
    ).confidence_interval
    assert bootstrap_interval(scores, range(25)) == pytest.approx((theirs.low, theirs.high), abs=0.02)


def test_images_of_one_place_are_drawn_together_as_scipy_draws_places() -> None:
    rng = np.random.default_rng(2)
    sizes = [1, 6, 2, 3, 1, 1, 2]
    places = [place for place, size in enumerate(sizes) for _ in range(size)]
    scores = rng.normal(size=len(places)) + np.array(places)
    sums = np.array([scores[np.array(places) == place].sum() for place in range(len(sizes))])

    def mean(total: np.ndarray, size: np.ndarray, axis: int = -1) -> np.ndarray:
        return total.sum(axis=axis) / size.sum(axis=axis)

    theirs = stats.bootstrap(
        (sums, np.array(sizes)), mean, paired=True, n_resamples=20_000, method="percentile", rng=rng
    ).confidence_interval
    assert bootstrap_interval(scores, places) == pytest.approx((theirs.low, theirs.high), abs=0.06)


def test_copies_of_an_image_add_nothing_when_they_share_its_place() -> None:
    scores = np.random.default_rng(3).normal(size=8)
    copied = bootstrap_interval(np.repeat(scores, 5), np.repeat(np.arange(8), 5).tolist())
    assert copied == pytest.approx(bootstrap_interval(scores, range(8)), abs=1e-9)
    alone = bootstrap_interval(np.repeat(scores, 5), range(40))
    assert alone.high - alone.low < 0.6 * (copied.high - copied.low)


def test_seeds_are_drawn_as_well() -> None:
    # Two seeds that differ by 2 and nothing else: the mean is 0, 1 or 2 with the chances of a pair of coins.
    scores = np.stack([np.zeros(30), np.full(30, 2.0)])
    assert bootstrap_interval(scores, range(30)) == pytest.approx((0.0, 2.0))
    assert bootstrap_interval(scores[:1], range(30)) == pytest.approx((0.0, 0.0))


def test_the_same_scores_give_the_same_interval() -> None:
    scores = np.arange(9.0)
    assert bootstrap_interval(scores, range(9)) == bootstrap_interval(scores.copy(), range(9))


@pytest.mark.parametrize("count", [1, 4])
def test_one_place_has_no_interval_however_many_images_it_has(count: int) -> None:
    assert all(math.isnan(end) for end in bootstrap_interval(np.arange(float(count)), ["here"] * count))


def test_place_means_are_the_means_of_each_places_images() -> None:
    means = place_means(np.array([1.0, 5.0, 3.0, 7.0]), ["a", "b", "a", "c"])
    assert means.tolist() == [2.0, 5.0, 7.0]


def test_six_wins_out_of_six_places_have_the_exact_p_value() -> None:
    # Two-sided, all six signs equal: 2 / 2^6.
    assert paired_p_value(np.arange(1.0, 7), np.zeros(6), range(6)) == pytest.approx(2 / 64)


def test_images_of_one_place_count_once() -> None:
    differences = np.array([1.0, 2.0, 3.0, 4.0, -2.5, 6.0])
    copied = paired_p_value(np.repeat(differences, 4), np.zeros(24), np.repeat(np.arange(6), 4).tolist())
    assert copied == pytest.approx(float(wilcoxon(differences).pvalue))
    assert paired_p_value(np.ones(20), np.zeros(20), ["here"] * 20) == 1.0


def test_equal_scores_have_p_one_and_no_scores_have_none() -> None:
    assert paired_p_value(np.ones(4), np.ones(4), range(4)) == 1.0
    assert math.isnan(paired_p_value(np.array([]), np.array([]), []))


def test_holms_values_are_those_of_his_example() -> None:
    # Four tests: 0.005 * 4, 0.01 * 3, then 0.03 * 2, which the last, 0.04 * 1, may not fall below.
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])


def test_corrected_values_end_at_one_and_what_is_no_number_does_not_count() -> None:
    assert holm([0.9, 0.8]) == [1.0, 1.0]
    corrected = holm([math.nan, 0.04])
    assert math.isnan(corrected[0])
    assert corrected[1] == 0.04
    assert holm([]) == []
