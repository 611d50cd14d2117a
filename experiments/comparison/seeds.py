"""Several seeds of one method as one row: the mean, and its spread over the seeds."""

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from twostage_hdr.evaluation.method_row import MethodRow, MetricColumn
from twostage_hdr.evaluation.summarise import summarise


def over_seeds(
    rows: Sequence[MethodRow], groups: Sequence[Sequence[str]], columns: Sequence[MetricColumn]
) -> list[MethodRow]:
    """One row for each group of rows.

    An image's score is its mean over the seeds; mean, interval and test over images follow from that. `std` becomes the
    sample standard deviation, over the seeds, of the mean over the images; NaN for a single seed.

    Args:
        rows: scored, one for each seed.
        groups: names of the rows of each method; the row's name and title are the first one's.
        columns: the metrics.
    """
    by_name = {row.name: row for row in rows}
    members = [[by_name[name] for name in group] for group in groups]
    merged = summarise([_merged(group) for group in members], columns)
    return [
        replace(row, scores={key: replace(score, std=_spread(group, key)) for key, score in row.scores.items()})
        for row, group in zip(merged, members, strict=True)
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


def _spread(group: Sequence[MethodRow], key: str) -> float:
    means = [row.scores[key].mean for row in group]
    return float(np.std(means, ddof=1)) if len(means) > 1 else math.nan
