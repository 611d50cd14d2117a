import math

import numpy as np
import pytest
from scipy import stats

from twostage_hdr.evaluation.method_row import ALIGNED, MethodRow, MetricColumn
from twostage_hdr.evaluation.summarise import best_rows, bootstrap_interval, paired_p_value, summarise

DB = MetricColumn(key="db", title="dB", unit="dB", higher_is_better=True, scaling=ALIGNED)

STOPS = MetricColumn(key="stops", title="Error", unit="stops", higher_is_better=False, scaling=ALIGNED)


def row(name: str, db: list[float], stops: list[float]) -> MethodRow:
    scores = {f"s{i}": {"db": float(d), "stops": float(s)} for i, (d, s) in enumerate(zip(db, stops, strict=True))}
    return MethodRow(name=name, title=name.upper(), per_image=scores)


def test_mean_and_deviation_are_those_of_the_sample() -> None:
    score = summarise([row("a", [1, 2, 3, 4], [1, 1, 1, 1])], [DB])[0].scores["db"]
    assert (score.mean, score.std, score.images) == (2.5, pytest.approx(math.sqrt(5 / 3)), 4)


def test_the_best_has_no_p_value_and_the_others_have_one() -> None:
    rows = summarise(
        [row("a", [1, 2, 3, 4, 5, 6], [9, 9, 9, 9, 9, 9]), row("b", [2, 4, 6, 8, 10, 12], [1, 2, 3, 4, 5, 6])],
        [DB, STOPS],
    )
    assert rows[1].scores["db"].p_value is None
    assert rows[1].scores["stops"].p_value is None
    assert rows[0].scores["db"].p_value == pytest.approx(2 / 64)


def test_the_direction_decides_which_row_is_best() -> None:
    rows = summarise([row("a", [1, 1], [1, 1]), row("b", [2, 2], [2, 2])], [DB, STOPS])
    assert best_rows(rows, DB) == ["b"]
    assert best_rows(rows, STOPS) == ["a"]


def test_rows_that_the_table_shows_alike_are_best_together() -> None:
    rows = summarise([row("a", [1, 1], [1, 1]), row("b", [1.004, 1], [2, 2]), row("c", [0.99, 1], [1, 1])], [DB, STOPS])
    assert best_rows(rows, DB) == ["a", "b"]
    assert best_rows(rows, STOPS) == ["a", "c"]


def test_images_without_an_answer_are_left_out_and_counted() -> None:
    rows = summarise([row("a", [1, 2, 3], [math.nan, 2, 4]), row("b", [1, 2, 3], [math.nan, 1, 1])], [STOPS])
    assert rows[0].scores["stops"].mean == 3
    assert rows[0].scores["stops"].images == 2
    assert rows[0].scores["stops"].p_value == pytest.approx(0.5)


def test_a_method_that_was_not_run_keeps_its_row() -> None:
    absent = MethodRow(name="x", title="X", note="weights cannot be had")
    rows = summarise([row("a", [1], [1]), absent], [DB])
    assert rows[1] == absent
    assert best_rows([absent], DB) == []


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
