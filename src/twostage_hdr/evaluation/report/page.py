"""The page itself: everything in one file that needs no network."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from twostage_hdr.errors import InputError
from twostage_hdr.evaluation.method_row import MethodRow, MetricColumn
from twostage_hdr.evaluation.report.curves import Points, charts
from twostage_hdr.evaluation.report.report_image import (
    HIGHEST_CODE,
    HIGHEST_STOP,
    LOWEST_STOP,
    REFERENCE,
    ReportImage,
    encode_picture,
)
from twostage_hdr.evaluation.summarise import best_rows
from twostage_hdr.evaluation.tables import cost_text, scaling_notes
from twostage_hdr.imaging.atomic import write_text

FIRST_STOPS = -2
"""Exposure at which the page opens: at 0, where screens and LDR frames clip, HDR does not show."""

MAX_SIDE = 640
"""Longest side of a picture on the page, px."""

LEAST_SIDE = 96
"""Below this, pictures show nothing any more, px."""

MAX_BYTES = 24 * 2**20
"""Most that the pictures of a page may take: browsers open it at once, and it can be mailed."""


def write_report(
    path: Path,
    *,
    title: str,
    facts: Mapping[str, str],
    rows: Sequence[MethodRow] = (),
    columns: Sequence[MetricColumn] = (),
    images: Sequence[ReportImage] = (),
    curves: Mapping[str, Points] | None = None,
    max_bytes: int = MAX_BYTES,
) -> None:
    """Writes a self-contained HTML page: table, scores per image, HDR viewer, curves. Parts without data are left out.

    Args:
        path: the file; its folder must exist.
        title: of the page.
        facts: what a reader must know of the run, in order.
        rows: of the table.
        columns: the table's metrics, in order.
        images: shown in the viewer, at most `MAX_SIDE` px long and smaller if `max_bytes` asks for it.
        curves: name -> (step, value) pairs; `part/quantity` names of one quantity share a chart.
        max_bytes: the most that all pictures together may take.

    Raises:
        InputError: two pictures of one name, or more pictures than fit.
    """
    names = [image.name for image in images]
    if len(set(names)) < len(names):
        raise InputError("report pictures", f"{max(names, key=names.count)!r} is given twice", "rename one")
    side, pictures, payloads = _fitted(images, MAX_SIDE, max_bytes)
    environment = Environment(
        loader=PackageLoader("twostage_hdr.evaluation.report"), autoescape=True, undefined=StrictUndefined
    )
    environment.policies["json.dumps_kwargs"] = {"sort_keys": False}  # panes and columns keep their order
    text = environment.get_template("report.html.j2").render(
        title=title,
        facts=facts,
        notes=scaling_notes(columns),
        charts=charts(curves or {}),
        payloads=payloads,
        side=side,
        stops=FIRST_STOPS,
        has_rows=bool(rows),
        has_scores=any(row.per_image for row in rows) and bool(columns),
        data={
            "columns": [vars(column) | {"best": best_rows(rows, column)} for column in columns],
            "rows": [_row(row) for row in rows],
            "images": pictures,
            "titles": {row.name: row.title for row in rows} | {REFERENCE: "Reference"},
            "codec": {"lowest": LOWEST_STOP, "highest": HIGHEST_STOP, "top": HIGHEST_CODE},
        },
    )
    write_text(path, text)


def _fitted(
    images: Sequence[ReportImage], side: int, max_bytes: int
) -> tuple[int, list[dict[str, Any]], list[tuple[str, str]]]:
    """The pictures at the largest size at which they fit: that side, what the page knows of them, their payloads."""
    while True:
        pictures, payloads = [], []
        for number, image in enumerate(images):
            small = image.shrunk(side)
            height, width = next(iter(small.panes.values())).shape[-2:]
            panes = {name: f"picture-{number}-{index}" for index, name in enumerate(small.panes)}
            payloads += [(panes[name], encode_picture(pane)) for name, pane in small.panes.items()]
            pictures.append(
                {"name": image.name, "width": width, "height": height, "panes": panes, "white": image.white}
            )
        total = sum(len(payload) for _, payload in payloads)
        if total <= max_bytes:
            return side, pictures, payloads
        side = int(side * min(math.sqrt(max_bytes / total), 0.95))
        if side < LEAST_SIDE:
            raise InputError("report pictures", f"{len(payloads)} do not fit in {max_bytes} bytes", "show fewer")


def _row(row: MethodRow) -> dict[str, Any]:
    return {
        "name": row.name,
        "title": row.title,
        "note": row.note,
        "scores": {key: _finite(vars(score)) for key, score in row.scores.items()},
        "images": {scene: _finite(scores) for scene, scores in row.per_image.items()},
        "parameters": cost_text(row, "Parameters"),
        "cost": cost_text(row, "MAC/px"),
        "seconds": cost_text(row, "s/MP"),
    }


def _finite(numbers: Mapping[str, float | None]) -> dict[str, float | None]:
    """JSON has no NaN and no infinity."""
    return {key: value if value is not None and math.isfinite(value) else None for key, value in numbers.items()}
