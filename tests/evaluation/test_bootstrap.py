import math

import numpy as np
import pytest
from scipy import stats

from twostage_hdr.evaluation.bootstrap import bootstrap_interval, paired_p_value


def test_the_interval_of_many_normal_scores_is_that_of_the_central_limit() -> None:
    scores = np.random.default_rng(0).normal(30, 2, size=400)
    half = 1.96 * scores.std(ddof=1) / math.sqrt(400)
    interval = bootstrap_interval(scores)
    assert interval.low == pytest.approx(scores.mean() - half, abs=0.03)
    assert interval.high == pytest.approx(scores.mean() + half, abs=0.03)


def test_the_interval_agrees_with_scipys_percentile_bootstrap() -> None:
    scores = np.random.default_rng(1).exponential(size=25)
    theirs = stats.bootstrap(
        (scores,), np.mean, n_resamples=20_000, method="percentile", rng=np.random.default_rng(5)
    ).confidence_interval
    assert bootstrap_interval(scores) == pytest.approx((theirs.low, theirs.high), abs=0.02)


def test_the_same_scores_give_the_same_interval() -> None:
    scores = np.arange(9.0)
    assert bootstrap_interval(scores) == bootstrap_interval(scores.copy())


def test_one_image_has_no_interval() -> None:
    assert all(math.isnan(end) for end in bootstrap_interval(np.array([3.0])))


def test_six_wins_out_of_six_have_the_exact_p_value() -> None:
    # Two-sided, all six signs equal: 2 / 2^6.
    assert paired_p_value(np.arange(1.0, 7), np.zeros(6)) == pytest.approx(2 / 64)


def test_equal_scores_have_p_one_and_no_scores_have_none() -> None:
    assert paired_p_value(np.ones(4), np.ones(4)) == 1.0
    assert math.isnan(paired_p_value(np.array([]), np.array([])))
