"""From scores per image to the rows of a table."""

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from twostage_hdr.evaluation.bootstrap import bootstrap_interval, holm, paired_p_value, place_means
from twostage_hdr.evaluation.method_row import MethodRow, MetricColumn, ScoreSummary


def summarise(rows: Sequence[MethodRow], columns: Sequence[MetricColumn]) -> list[MethodRow]:
    """Fills `scores` from `per_image`: means, deviation, interval, and significance against the best method.

    Intervals and tests go by place. The best method of a column is the one with the best mean over these very images;
    the p-values of the others against it are corrected for their number (Holm), not for that choice.

    Scores that are NaN (a metric without an answer for that image) are left out and the count says so; so are, in a
    test of two methods, the images that only one of them has.

    Args:
        rows: with `per_image` filled; rows without images pass through.
        columns: the metrics to summarise.
    """
    scores: list[dict[str, ScoreSummary]] = [{} for _ in rows]
    for column in columns:
        known = [{scene: of.get(column.key, math.nan) for scene, of in row.per_image.items()} for row in rows]
        values = [{scene: value for scene, value in own.items() if not math.isnan(value)} for own in known]
        sign = 1 if column.higher_is_better else -1
        best = max(filter(None, values), key=lambda own: sign * float(np.mean(list(own.values()))), default={})
        others = [(own, row) for own, row in zip(values, rows, strict=True) if own and own is not best]
        p_values = iter(holm([_p_value(own, best, row) for own, row in others]))
        for summary, own, row in zip(scores, values, rows, strict=True):
            if own:
                summary[column.key] = _summary(own, row, None if own is best else next(p_values))
    return [replace(row, scores=summary) for row, summary in zip(rows, scores, strict=True)]


def best_rows(rows: Sequence[MethodRow], column: MetricColumn) -> list[str]:
    """Names of the rows with the best mean in a column, to the digits that the column shows."""
    means = {row.name: row.scores[column.key].mean for row in rows if column.key in row.scores}
    shown = {name: round(mean, column.digits) for name, mean in means.items() if not math.isnan(mean)}
    best = (max if column.higher_is_better else min)(shown.values(), default=None)
    return [name for name, mean in shown.items() if mean == best]


def _summary(own: dict[str, float], row: MethodRow, p_value: float | None) -> ScoreSummary:
    scores, places = np.array(list(own.values())), [row.place(scene) for scene in own]
    low, high = bootstrap_interval(scores, places)
    return ScoreSummary(
        mean=float(scores.mean()),
        place_mean=float(place_means(scores, places).mean()),
        std=float(scores.std(ddof=1)) if len(scores) > 1 else math.nan,
        low=low,
        high=high,
        p_value=p_value,
        images=len(scores),
        places=len(set(places)),
    )


def _p_value(own: dict[str, float], best: dict[str, float], row: MethodRow) -> float:
    shared = [scene for scene in own if scene in best]
    mine, theirs = (np.array([scores[scene] for scene in shared]) for scores in (own, best))
    return paired_p_value(mine, theirs, [row.place(scene) for scene in shared])
