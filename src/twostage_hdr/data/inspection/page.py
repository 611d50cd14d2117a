"""The inspection as one self-contained HTML file: counts, findings, plots and previews."""

import base64
import io
import warnings
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import matplotlib
import numpy as np
from jinja2 import Environment, PackageLoader, StrictUndefined
from matplotlib.figure import Figure

from twostage_hdr.data.inspection.finding import SceneRecord
from twostage_hdr.data.inspection.inspection import Inspection
from twostage_hdr.imaging.atomic import software_tag, write_text

_MOST_NAMES = 40
"""Scenes up to which the bars carry names."""

_MOST_POINTS = 20_000

_HIGHEST = 4.0
"""Encoded reference value at which the response plot ends."""


def range_plot(records: Sequence[SceneRecord]) -> str:
    """Stops of every scene, sorted."""
    known = sorted((record.stops, record.scene) for record in records if record.stops is not None)
    figure = Figure(figsize=(9, 3), layout="constrained")
    axes = figure.add_subplot()
    axes.bar(range(len(known)), [stops for stops, _ in known], color="#3b6ea5", width=0.9)
    axes.set(ylabel="stops", title="Dynamic range of each scene (0.1 to 99.9 % of the luminance)")
    if len(known) <= _MOST_NAMES:
        axes.set_xticks(range(len(known)), [scene for _, scene in known], rotation=90, fontsize=6)
    else:
        axes.set_xlabel("scenes, sorted")
    return _svg(figure)


def clipping_plot(records: Sequence[SceneRecord]) -> str:
    """Distribution of the clipped share by exposure."""
    names = list(dict.fromkeys(name for record in records for name in record.clipped))
    shares = [[100 * record.clipped[name] for record in records if name in record.clipped] for name in names]
    figure = Figure(figsize=(9, 2.4), layout="constrained")
    axes = figure.add_subplot()
    if names:
        axes.boxplot(shares, orientation="horizontal", tick_labels=names, whis=(0, 100))
    axes.set(xlabel="% of the pixels", title="Clipped pixels (a channel of 248 or more)")
    return _svg(figure)


def response_plot(records: Sequence[SceneRecord]) -> str:
    """Frame against reference: with gamma 2.24 on both sides the points lie on min(reference, 1)."""
    names = list(dict.fromkeys(name for record in records for name in record.scatter))
    figure = Figure(figsize=(9, 3.2), layout="constrained")
    for place, name in enumerate(names, start=1):
        axes = figure.add_subplot(1, len(names), place)
        pairs = np.concatenate([record.scatter[name] for record in records if name in record.scatter])
        pairs = pairs[:: max(1, len(pairs) // _MOST_POINTS)]
        axes.hexbin(
            np.minimum(pairs[:, 0], _HIGHEST), pairs[:, 1], gridsize=60, bins="log", cmap="Blues", mincnt=1,
            extent=(0, _HIGHEST, 0, 1), rasterized=True,
        )  # fmt: skip
        axes.plot([0, 1, _HIGHEST], [0, 1, 1], color="#c0392b", linewidth=0.8)
        axes.set(title=name, xlabel="reference (encoded)", ylabel="frame")
    return _svg(figure)


def _svg(figure: Figure) -> str:
    text = io.StringIO()
    with matplotlib.rc_context({"svg.hashsalt": "twostage-hdr"}), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from")  # names in any script
        # With that salt the same picture gives the same bytes.
        figure.savefig(text, format="svg", metadata={"Date": None}, dpi=120)
    svg = text.getvalue()
    return svg[svg.index("<svg") :]


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
    write_text(path, page)


def counts(inspection: Inspection) -> dict[str, str]:
    """Numbers of scenes, groups, sizes and sets, in words."""
    records, splits = inspection.records, inspection.splits
    harmful = {finding.scene for finding in inspection.harmful}
    sizes = Counter(record.size for record in records if record.size)
    stops = sorted(record.stops for record in records if record.stops is not None)
    counted = {
        "scenes": f"{len(records)}, {sum(r.scene in harmful for r in records)} of them harmful",
        "places or sequences": str(len(set(inspection.groups.values()))),
        "sizes": ", ".join(f"{n} of {w}x{h}" for (h, w), n in sizes.most_common(4)) + ", ..." * (len(sizes) > 4),
    }
    if stops:
        counted["dynamic range"] = f"{stops[0]:.1f} to {stops[-1]:.1f} stops, median {stops[len(stops) // 2]:.1f}"
    if splits is not None:
        counted["sets"] = f"{len(splits.train)} training, {len(splits.val)} validation, {len(splits.test)} test scenes"
        if splits.shared:
            counted["sets"] += " (all the same: too few places or sequences for three)"
    return counted


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
            "harmful": record.harmful,
        }
        for number, record in enumerate(inspection.records)
        if number % step == 0 or record.scene in flagged
    ]
