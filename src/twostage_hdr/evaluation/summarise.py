"""From scores per image to the rows of a table."""

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from jaxtyping import Float
from scipy.stats import wilcoxon

from twostage_hdr.evaluation.method_row import MethodRow, MetricColumn, ScoreSummary

RESAMPLES = 10_000

"""Draws of the bootstrap: the interval's ends are then steady to about 1 % of its width."""


class Interval(NamedTuple):
    """An interval of a mean, in the scores' unit."""

    low: float
    high: float


def bootstrap_interval(
    scores: Float[np.ndarray, " images"], *, confidence: float = 0.95, resamples: int = RESAMPLES, seed: int = 0
) -> Interval:
    """Percentile bootstrap interval of the mean over images.

    Args:
        scores: one finite number per image.
        confidence: the share of the resampled means inside the interval.
        resamples: number of draws with replacement.
        seed: of the draws; the same scores always give the same interval.

    Returns:
        The interval; NaN for both ends with fewer than two images, of which no spread can be told.
    """
    if len(scores) < 2:
        return Interval(float("nan"), float("nan"))
    rng = np.random.default_rng(seed)
    means = scores[rng.integers(0, len(scores), size=(resamples, len(scores)))].mean(axis=1)
    low, high = np.quantile(means, [(1 - confidence) / 2, (1 + confidence) / 2])
    return Interval(float(low), float(high))


def paired_p_value(scores: Float[np.ndarray, " images"], best: Float[np.ndarray, " images"]) -> float:
    """Two-sided Wilcoxon signed-rank test of one method against the best one on the same images.

    Args:
        scores: one finite number per image.
        best: the best method's, in the same order of images.

    Returns:
        The p-value; 1 where the two are equal on every image, NaN without images. No correction for
        the number of methods is made.
    """
    differences = scores - best
    if len(differences) == 0:
        return float("nan")
    if not differences.any():
        return 1.0
    return float(wilcoxon(differences).pvalue)


def summarise(rows: Sequence[MethodRow], columns: Sequence[MetricColumn]) -> list[MethodRow]:
    """Fills `scores` from `per_image`: mean, deviation, interval, and significance against the best method.

    Scores that are NaN (a metric without an answer for that image) are left out and the count says so; so are, in a
    test of two methods, the images that only one of them has.

    Args:
        rows: with `per_image` filled; rows without images pass through.
        columns: the metrics to summarise.
    """
    scores: list[dict[str, ScoreSummary]] = [{} for _ in rows]
    for column in columns:
        values = [_defined(row, column.key) for row in rows]
        best = _best(values, column.higher_is_better)
        for summary, own in zip(scores, values, strict=True):
            if own:
                summary[column.key] = _summary(own, None if own is best or best is None else best)
    return [replace(row, scores=summary) for row, summary in zip(rows, scores, strict=True)]


def best_rows(rows: Sequence[MethodRow], column: MetricColumn) -> list[str]:
    """Names of the rows with the best mean in a column, to the digits that the column shows."""
    means = {row.name: row.scores[column.key].mean for row in rows if column.key in row.scores}
    shown = {name: round(mean, column.digits) for name, mean in means.items() if not math.isnan(mean)}
    best = (max if column.higher_is_better else min)(shown.values(), default=None)
    return [name for name, mean in shown.items() if mean == best]


def _defined(row: MethodRow, key: str) -> dict[str, float]:
    found = {scene: scores[key] for scene, scores in row.per_image.items() if key in scores}
    return {scene: value for scene, value in found.items() if not math.isnan(value)}


def _best(values: Sequence[dict[str, float]], higher_is_better: bool) -> dict[str, float] | None:
    sign = 1 if higher_is_better else -1
    candidates = [own for own in values if own]
    return max(candidates, key=lambda own: sign * float(np.mean(list(own.values())))) if candidates else None


def _summary(own: dict[str, float], best: dict[str, float] | None) -> ScoreSummary:
    scores = np.array(list(own.values()))
    interval = bootstrap_interval(scores)
    return ScoreSummary(
        mean=float(scores.mean()),
        std=float(scores.std(ddof=1)) if len(scores) > 1 else math.nan,
        low=interval.low,
        high=interval.high,
        p_value=None if best is None else _p_value(own, best),
        images=len(scores),
    )


def _p_value(own: dict[str, float], best: dict[str, float]) -> float:
    shared = [scene for scene in own if scene in best]
    return paired_p_value(np.array([own[scene] for scene in shared]), np.array([best[scene] for scene in shared]))
