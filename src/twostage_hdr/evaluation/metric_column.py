"""What a table must say about a number."""

from dataclasses import dataclass

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
