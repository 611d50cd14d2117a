"""One method less another, on the same places and from the same seeds: how much, and how sure."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from twostage_hdr.evaluation.bootstrap import bootstrap_interval, paired_p_value, place_means

Z = 1.959964
"""97.5 % point of the standard normal distribution."""


@dataclass(frozen=True, kw_only=True)
class PairedDifference:
    """A metric's difference between two methods.

    Attributes:
        mean: over seeds and images, in the metric's unit.
        place_mean: mean over the places' means.
        low: lower end of the mean's 95 % bootstrap interval over places and, if there are several, seeds.
        high: its upper end.
        p_value: two-sided Wilcoxon signed-rank test over places, of the differences averaged over seeds; not corrected.
        seeds: number of seeds.
        images: number of images.
        places: number of places.
        seeds_needed: so many would make half of the interval that the seeds alone leave as small as the difference;
            None with a single seed.
        places_needed: likewise for the places.
    """

    mean: float
    place_mean: float
    low: float
    high: float
    p_value: float
    seeds: int
    images: int
    places: int
    seeds_needed: int | None
    places_needed: int | None

    @property
    def told_apart(self) -> bool:
        """Whether the interval leaves zero out; never with fewer than two seeds or places."""
        return self.seeds > 1 and self.places > 1 and (self.low > 0 or self.high < 0)


def paired_difference(
    own: Sequence[Mapping[str, float]], other: Sequence[Mapping[str, float]], places: Mapping[str, str]
) -> PairedDifference | None:
    """`own` less `other`.

    Args:
        own: scene -> score, for each seed.
        other: likewise, of the same seeds in the same order.
        places: scene -> place; a scene that is missing is a place of its own.

    Returns:
        None without a scene that has a number in all of them.
    """
    every = [*own, *other]
    scenes = (
        [scene for scene in every[0] if all(scene in scores and not math.isnan(scores[scene]) for scores in every)]
        if every
        else []
    )
    if not scenes:
        return None
    pairs = zip(own, other, strict=True)
    differences = np.array([[mine[scene] - theirs[scene] for scene in scenes] for mine, theirs in pairs])
    of_scenes = [places.get(scene, scene) for scene in scenes]
    averaged = differences.mean(axis=0)
    means, mean = place_means(averaged, of_scenes), float(differences.mean())
    interval = bootstrap_interval(differences, of_scenes)
    return PairedDifference(
        mean=mean,
        place_mean=float(means.mean()),
        low=interval.low,
        high=interval.high,
        p_value=paired_p_value(averaged, np.zeros_like(averaged), of_scenes),
        seeds=len(differences),
        images=len(scenes),
        places=len(means),
        seeds_needed=needed(differences.mean(axis=1), mean),
        places_needed=needed(means, mean),
    )


def needed(values: np.ndarray, mean: float) -> int | None:
    """The number of such values whose mean's 95 % interval, of normal theory, is as long to one side as `mean`.

    None with fewer than two values, of which no spread is known, or a mean of zero.
    """
    if len(values) < 2 or mean == 0:
        return None
    return max(math.ceil((Z * float(np.std(values, ddof=1)) / mean) ** 2), 2)
