"""Several seeds of one method as one row: the mean, its spread over the seeds, its interval over seeds and places."""

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from twostage_hdr.evaluation.bootstrap import bootstrap_interval
from twostage_hdr.evaluation.method_row import MethodRow, MetricColumn, ScoreSummary
from twostage_hdr.evaluation.summarise import summarise


def over_seeds(groups: Sequence[Sequence[MethodRow]], columns: Sequence[MetricColumn]) -> list[MethodRow]:
    """One row for each group of rows.

    An image's score is its mean over the seeds; means and tests follow from that. The interval is over seeds and
    places, both resampled. `std` becomes the sample standard deviation, over the seeds, of the mean over the images;
    NaN for a single seed.

    Args:
        groups: of each method the rows of its seeds; the row's name and title are the first one's.
        columns: the metrics.
    """
    merged = summarise([_merged(group) for group in groups], columns)
    return [
        replace(row, scores={key: _over_seeds(score, group, key) for key, score in row.scores.items()})
        for row, group in zip(merged, groups, strict=True)
    ]


def _merged(group: Sequence[MethodRow]) -> MethodRow:
    """The first row with every figure averaged; the most memory of all."""
    first = group[0]
    per_image = {
        scene: {key: float(np.mean([row.per_image[scene][key] for row in group])) for key in scores}
        for scene, scores in first.per_image.items()
    }
    times = [row.seconds_per_megapixel for row in group if row.seconds_per_megapixel is not None]
    memory = [row.peak_mebibytes for row in group if row.peak_mebibytes is not None]
    return replace(
        first,
        per_image=per_image,
        scores={},
        seconds_per_megapixel=float(np.median(times)) if times else None,
        peak_mebibytes=max(memory) if memory else None,
    )


def _over_seeds(score: ScoreSummary, group: Sequence[MethodRow], key: str) -> ScoreSummary:
    """A summary with what several seeds add to it."""
    if len(group) == 1:
        return replace(score, std=math.nan)
    scenes = [
        scene
        for scene in group[0].per_image
        if not any(math.isnan(row.per_image[scene].get(key, math.nan)) for row in group)
    ]
    scores = np.array([[row.per_image[scene][key] for scene in scenes] for row in group])
    interval = bootstrap_interval(scores, [group[0].place(scene) for scene in scenes])
    spread = float(np.std(scores.mean(axis=1), ddof=1))
    return replace(score, std=spread, low=interval.low, high=interval.high)
