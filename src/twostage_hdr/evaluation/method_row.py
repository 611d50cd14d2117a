"""A method's line in a table."""

import math
from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True)
class ScoreSummary:
    """One metric of one method over the images.

    Attributes:
        mean: over the images in which the metric is defined, in the metric's unit.
        std: their sample standard deviation; NaN for a single image.
        low: lower end of the mean's 95 % bootstrap interval.
        high: its upper end.
        p_value: two-sided Wilcoxon signed-rank test against the best method on the same images; None for the best.
        images: number of images in which the metric is defined.
    """

    mean: float
    std: float = math.nan
    low: float = math.nan
    high: float = math.nan
    p_value: float | None = None
    images: int = 1


@dataclass(frozen=True, kw_only=True)
class MethodRow:
    """A method's scores and cost.

    Attributes:
        name: the method's short name.
        title: its name in print.
        scores: by the metrics' keys; a metric that was not measured is missing.
        per_image: scene -> key -> score.
        seconds_per_megapixel: median over the images.
        peak_mebibytes: the most memory that one image added.
        parameters: trainable; None for a method that is no network.
        multiply_adds_per_pixel: likewise.
        note: what a reader must know, e.g. why the method was not run.
    """

    name: str
    title: str
    scores: dict[str, ScoreSummary] = field(default_factory=dict)
    per_image: dict[str, dict[str, float]] = field(default_factory=dict)
    seconds_per_megapixel: float | None = None
    peak_mebibytes: float | None = None
    parameters: int | None = None
    multiply_adds_per_pixel: float | None = None
    note: str = ""
