"""The inspection as one HTML file that needs no network."""

import base64
from collections import Counter
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined

from twostage_hdr.data.inspection.inspection import Inspection
from twostage_hdr.data.inspection.plots import clipping_plot, range_plot, response_plot
from twostage_hdr.imaging.atomic import atomic_path
from twostage_hdr.imaging.software import software_tag

SHEETS = 2000
"""Scenes up to which the page shows all; of more it shows the flagged ones and every k-th."""


def write_page(path: Path, inspection: Inspection, *, title: str, sheets: int = SHEETS) -> None:
    """Counts, findings, plots and contact sheets."""
    environment = Environment(
        loader=PackageLoader("twostage_hdr.data.inspection"), autoescape=True, undefined=StrictUndefined
    )
    page = environment.get_template("inspection.html").render(
        title=title,
        software=software_tag(),
        counts=counts(inspection),
        findings=inspection.findings,
        plots=[plot(inspection.records) for plot in (range_plot, clipping_plot, response_plot)],
        scenes=_shown(inspection, sheets),
    )
    with atomic_path(path) as temporary:
        temporary.write_text(page, encoding="utf-8")


def counts(inspection: Inspection) -> dict[str, str]:
    """What there is, in words."""
    records, splits = inspection.records, inspection.splits
    poisoned = {finding.scene for finding in inspection.poison}
    sizes = Counter(record.size for record in records if record.size)
    stops = sorted(record.stops for record in records if record.stops is not None)
    told = {
        "scenes": f"{len(records)}, {sum(r.scene in poisoned for r in records)} of them poisoned",
        "places or sequences": str(len(set(inspection.groups.values()))),
        "sizes": ", ".join(f"{n} of {w}x{h}" for (h, w), n in sizes.most_common(4)) + ", ..." * (len(sizes) > 4),
    }
    if stops:
        told["dynamic range"] = f"{stops[0]:.1f} to {stops[-1]:.1f} stops, median {stops[len(stops) // 2]:.1f}"
    if splits is not None:
        told["sets"] = f"{len(splits.train)} training, {len(splits.val)} validation, {len(splits.test)} test scenes"
        if splits.shared:
            told["sets"] += " (all the same: too few places or sequences for three)"
    return told


def _shown(inspection: Inspection, sheets: int) -> list[dict[str, object]]:
    parts = {}
    if inspection.splits is not None:
        parts = {scene: name for name in ("train", "val", "test") for scene in getattr(inspection.splits, name)}
    flagged = {finding.scene for finding in inspection.findings}
    step = -(-len(inspection.records) // sheets)
    return [
        {
            "name": record.scene,
            "part": parts.get(record.scene, ""),
            "stops": record.stops,
            "clipped": {name: f"{100 * share:.1f} %" for name, share in record.clipped.items()},
            "picture": base64.b64encode(record.sheet).decode(),
            "problems": [finding.problem for finding in inspection.findings if finding.scene == record.scene],
            "poison": record.poison,
        }
        for number, record in enumerate(inspection.records)
        if number % step == 0 or record.scene in flagged
    ]
