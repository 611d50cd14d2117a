"""A method's line in a table."""

import math
from dataclasses import dataclass, field

from twostage_hdr.metrics.per_image import PerImageMetric


@dataclass(frozen=True, kw_only=True)
class ScoreSummary:
    """One metric of one method over the images.

    Attributes:
        mean: over the images in which the metric is defined, in the metric's unit.
        place_mean: mean over the places of the mean over each place's images: every place counts alike.
        std: the images' sample standard deviation; NaN for a single image.
        low: lower end of the mean's 95 % bootstrap interval, resampled by place.
        high: its upper end.
        p_value: two-sided Wilcoxon signed-rank test over places against the best method on the same images, corrected
            for the number of methods (Holm); None for the best.
        images: number of images in which the metric is defined.
        places: number of places that these images show.
    """

    mean: float
    place_mean: float = math.nan
    std: float = math.nan
    low: float = math.nan
    high: float = math.nan
    p_value: float | None = None
    images: int = 1
    places: int = 1


@dataclass(frozen=True, kw_only=True)
class MethodRow:
    """A method's scores and cost.

    Attributes:
        name: the method's short name.
        title: its name in print.
        scores: by the metrics' keys; a metric that was not measured is missing.
        per_image: scene -> key -> score.
        places: scene -> place; a scene that is missing is a place of its own.
        seconds_per_megapixel: median over the images.
        peak_mebibytes: the most memory that one image added.
        parameters: trainable; None for a method that is no network.
        multiply_adds_per_pixel: of a network.
        note: what a reader must know, e.g. why the method was not run.
    """

    name: str
    title: str
    scores: dict[str, ScoreSummary] = field(default_factory=dict)
    per_image: dict[str, dict[str, float]] = field(default_factory=dict)
    places: dict[str, str] = field(default_factory=dict)
    seconds_per_megapixel: float | None = None
    peak_mebibytes: float | None = None
    parameters: int | None = None
    multiply_adds_per_pixel: float | None = None
    note: str = ""

    def place(self, scene: str) -> str:
        """Where a scene was photographed."""
        return self.places.get(scene, scene)


AS_GIVEN = "as the method wrote it, no gain alignment"
"""Scaling of the challenge's own two metrics."""

ALIGNED = "one gain per image (median over well-exposed pixels), capped at the reference's cap"
"""Scaling of every comparison."""

ALIGNED_CRF = "gain-aligned and capped, then CRF-corrected (tone and colour curves fitted to the reference)"
"""Scaling of scores that look at lost structure alone."""


@dataclass(frozen=True, kw_only=True)
class MetricColumn:
    """A metric as a column of a table.

    Attributes:
        key: its name in code and in csv files.
        title: its name in print.
        unit: of the number; empty for a pure number.
        higher_is_better: which end of the column is the best.
        scaling: how the result was scaled before it was measured.
        digits: after the decimal point.
        missing: shown where a row has no such number.
    """

    key: str
    title: str
    unit: str
    higher_is_better: bool
    scaling: str
    digits: int = 2
    missing: str = "–"

    @property
    def heading(self) -> str:
        """Title with the unit in brackets."""
        return f"{self.title} [{self.unit}]" if self.unit else self.title


def metric_column(
    key: str, metric: PerImageMetric | type[PerImageMetric], scaling: str = AS_GIVEN, addition: str = ""
) -> MetricColumn:
    """A metric as a column.

    Args:
        key: its name; `val/` at its beginning, as of a module's validation scores, is left out.
        metric: says title, unit, direction and digits.
        scaling: of the results before they were measured.
        addition: to the title.
    """
    return MetricColumn(
        key=key.removeprefix("val/"),
        title=metric.title + addition,
        unit=metric.unit,
        higher_is_better=bool(metric.higher_is_better),
        scaling=scaling,
        digits=metric.digits,
    )
