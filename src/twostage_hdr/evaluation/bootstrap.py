"""Intervals and tests that treat photographs of one place as one: they share light, motif and often the exposure."""

import math
from collections.abc import Hashable, Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int
from scipy.stats import wilcoxon

RESAMPLES = 10_000
"""Draws of the bootstrap: the interval's ends are then steady to about 1 % of its width."""


class Interval(NamedTuple):
    """An interval of a mean, in the scores' unit."""

    low: float
    high: float


def bootstrap_interval(
    scores: Float[np.ndarray, " images"] | Float[np.ndarray, "seeds images"],
    places: Sequence[Hashable],
    *,
    confidence: float = 0.95,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Interval:
    """Percentile bootstrap interval of the mean, resampled by place (a cluster bootstrap) and by seed.

    Whole places are drawn with replacement, as many as there are, and all their images enter the mean. Where there are
    several seeds these are drawn too, independently of the places.

    Args:
        scores: finite numbers, one for each image, or for each training seed and image.
        places: of the images, in their order.
        confidence: the share of the resampled means inside the interval.
        resamples: number of draws.
        seed: of the draws; the same scores always give the same interval.

    Returns:
        The interval; NaN for both ends with fewer than two places.
    """
    by_seed = np.atleast_2d(scores)
    sums, counts = _by_place(by_seed, places)
    seeds, number = sums.shape
    if number < 2:
        return Interval(math.nan, math.nan)  # no spread can be estimated
    rng = np.random.default_rng(seed)
    drawn = rng.multinomial(number, np.full(number, 1 / number), size=resamples)  # how often each place was drawn
    weights = np.ones((resamples, 1))
    if seeds > 1:
        weights = rng.multinomial(seeds, np.full(seeds, 1 / seeds), size=resamples) / seeds
    means = np.einsum("rs,sp,rp->r", weights, sums, drawn) / (drawn @ counts)
    low, high = np.quantile(means, [(1 - confidence) / 2, (1 + confidence) / 2])
    return Interval(float(low), float(high))


def place_means(scores: Float[np.ndarray, " images"], places: Sequence[Hashable]) -> Float[np.ndarray, " places"]:
    """The mean over the images of each place, in the order in which the places first occur."""
    sums, counts = _by_place(np.atleast_2d(scores), places)
    means: Float[np.ndarray, " places"] = sums[0] / counts
    return means


def _by_place(
    scores: Float[np.ndarray, "seeds images"], places: Sequence[Hashable]
) -> tuple[Float[np.ndarray, "seeds places"], Int[np.ndarray, " places"]]:
    """Sums over the images of each place, and their number, in the order in which the places first occur."""
    index = {place: number for number, place in enumerate(dict.fromkeys(places))}
    of_image = np.array([index[place] for place in places], dtype=int)
    member = np.eye(len(index))[of_image]  # (images, places)
    return scores @ member, member.sum(axis=0).astype(int)


def paired_p_value(
    scores: Float[np.ndarray, " images"], other: Float[np.ndarray, " images"], places: Sequence[Hashable]
) -> float:
    """Two-sided Wilcoxon signed-rank test over places: of each place, the mean difference of its images.

    Args:
        scores: one finite number for each image.
        other: the other method's, in the same order of images.
        places: of the images, in their order.

    Returns:
        The p-value, not corrected; 1 where the two are equal in every place, NaN without images.
    """
    if len(scores) == 0:
        return float("nan")
    differences = place_means(scores - other, places)
    if not differences.any():
        return 1.0
    return float(wilcoxon(differences).pvalue)


def holm(p_values: Sequence[float]) -> list[float]:
    """Holm's step-down correction [holm1979]: as many tests, one chance of 5 % that any of them errs at 0.05.

    Args:
        p_values: of one family of tests; NaN stays NaN and does not count.

    Returns:
        The corrected values, at most 1, in the same order.
    """
    values = np.array(p_values, dtype=float)
    known = np.flatnonzero(~np.isnan(values))
    order = known[np.argsort(values[known], kind="stable")]
    factors = np.arange(len(order), 0, -1)
    values[order] = np.minimum(np.maximum.accumulate(values[order] * factors), 1.0)
    return [float(value) for value in values]
