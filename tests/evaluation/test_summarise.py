import math
from dataclasses import replace

import pytest

from twostage_hdr.evaluation.method_row import ALIGNED, MethodRow, MetricColumn
from twostage_hdr.evaluation.summarise import best_rows, summarise

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


def test_what_one_place_shows_often_weighs_no_more_in_its_place_mean() -> None:
    studio = replace(row("a", [10, 10, 10, 1], [1, 1, 1, 1]), places={"s0": "studio", "s1": "studio", "s2": "studio"})
    score = summarise([studio], [DB])[0].scores["db"]
    assert (score.mean, score.place_mean, score.images, score.places) == (7.75, 5.5, 4, 2)
    assert (score.low, score.high) == pytest.approx((1, 10))  # two places: both twice, or one of each


def test_the_p_values_of_a_column_are_corrected_for_its_rows() -> None:
    best = row("best", [10, 20, 30, 40, 50, 60], [1] * 6)
    others = [row(f"{i}", [1, 2, 3, 4, 5, 6], [1] * 6) for i in range(3)]
    scores = [one.scores["db"].p_value for one in summarise([best, *others], [DB])]
    assert scores[0] is None
    assert scores[1:] == pytest.approx([3 * 2 / 64] * 3)
