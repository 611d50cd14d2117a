"""One scene of a report, as every method shows it."""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
import torch.nn.functional as F

from twostage_hdr.errors import InputError
from twostage_hdr.radiometry.quantities import LinearRGB

REFERENCE = "reference"
"""Name of the pane that holds the true image."""

PERCENTILE = 0.99
"""The quantile of the linear reference that the mu-law view is scaled by, as the challenge's metric is."""


@dataclass(frozen=True, kw_only=True)
class ReportImage:
    """A scene and its panes.

    Attributes:
        name: the scene's id, as in the rows' `per_image`; scores are then shown beside the picture.
        panes: method's name (or "reference") -> relative linear RGB (3, H, W), 1.0 = white; all of one size. The first
            two are what the page compares at first.
    """

    name: str
    panes: Mapping[str, LinearRGB]

    def __post_init__(self) -> None:
        sizes = {tuple(pane.shape) for pane in self.panes.values()}
        if len(sizes) != 1:
            raise InputError(
                f"report picture {self.name!r}", f"panes of sizes {sorted(sizes)}", "all panes need one size"
            )

    @property
    def white(self) -> float:
        """The 99th percentile of the reference's values (of the brightest pane's without one): the mu-law's unit."""
        panes = [self.panes[REFERENCE]] if REFERENCE in self.panes else list(self.panes.values())
        ranked = [pane.flatten().kthvalue(max(round(PERCENTILE * pane.numel()), 1)).values for pane in panes]
        return max(float(torch.stack(ranked).max()), 1e-6)

    def shrunk(self, side: int) -> "ReportImage":
        """The same scene with its longer side at most `side` px, averaged in linear light."""
        height, width = next(iter(self.panes.values())).shape[-2:]
        factor = min(side / max(height, width), 1.0)
        size = (max(round(height * factor), 1), max(round(width * factor), 1))
        panes = {
            name: F.interpolate(pane[None].float(), size=size, mode="area")[0] for name, pane in self.panes.items()
        }
        return ReportImage(name=self.name, panes=panes)
