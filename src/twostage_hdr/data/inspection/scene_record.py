"""What the inspection learns of one scene."""

from dataclasses import dataclass, field

import numpy as np

from twostage_hdr.data.inspection.finding import Finding
from twostage_hdr.data.thumbnails import Thumbnail


@dataclass(kw_only=True)
class SceneRecord:
    """Figures for the plots; None and empty where a scene could not be read.

    Attributes:
        scene: id.
        size: height and width in px.
        stops: dynamic range of the reference.
        peak: its highest encoded value.
        clipped: share of clipped pixels by exposure, in [0, 1].
        scatter: pairs (reference, frame), both encoded, by exposure.
        thumbnail: for comparing.
        digest: of the picture's pixels; equal pictures have equal ones.
        sheet: JPEG for the contact sheet.
        findings: what is wrong with it.
    """

    scene: str
    size: tuple[int, int] | None = None
    stops: float | None = None
    peak: float | None = None
    clipped: dict[str, float] = field(default_factory=dict)
    scatter: dict[str, np.ndarray] = field(default_factory=dict)
    thumbnail: Thumbnail | None = None
    digest: str = ""
    sheet: bytes = b""
    findings: list[Finding] = field(default_factory=list)

    @property
    def poison(self) -> bool:
        """Whether it must not be trained on."""
        return any(finding.poison for finding in self.findings)
