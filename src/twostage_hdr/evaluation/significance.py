"""Tests of one method against another on the same places, corrected for how many are made."""

from collections.abc import Hashable, Sequence

import numpy as np
from jaxtyping import Float
from scipy.stats import wilcoxon

from twostage_hdr.evaluation.bootstrap import place_means


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
