"""How sure a mean over a handful of images is, and whether two methods really differ."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float
from scipy.stats import wilcoxon

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
