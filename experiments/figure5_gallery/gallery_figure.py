"""Rows and columns of panes as one picture."""

import textwrap
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.image import AxesImage

from experiments.figure5_gallery.pane_row import PaneRow
from twostage_hdr.errors import InputError
from twostage_hdr.imaging.atomic import atomic_path

STOPS_SPAN = 4.0
"""Ends of the difference maps' scale, stops; what lies beyond has the end's colour, and the scale says so."""

COLOURS = "RdBu_r"
"""Diverging: blue is too dark, white is right, red is too bright; told apart by the colour-blind, too."""

LETTERS_PER_INCH = 15
"""Of a column's title; longer ones are broken, so that neighbours do not overlap."""

QUALITIES = (92, 85, 75, 60)
"""JPEG qualities that are tried until a picture is small enough."""


def gallery_figure(
    rows: Sequence[PaneRow], columns: Sequence[str], *, title: str = "", pane_inches: float = 1.7
) -> Figure:
    """Lays the panes out: columns' titles on top, rows' labels on the left, a scale beside differences.

    Args:
        rows: from top to bottom; panes of one row have one size.
        columns: titles from left to right, as in the rows' panes.
        title: of the whole picture.
        pane_inches: width of a pane.
    """
    heights = [pane_inches * _aspect(row) for row in rows]
    heads = {name: _wrapped(name, pane_inches) for name in columns}
    head = 0.1 + 0.13 * max(name.count("\n") + 1 for name in heads.values()) + (0.22 if title else 0)
    size = (pane_inches * len(columns) + 0.9, sum(heights) + 0.06 * len(rows) + head)
    figure = Figure(figsize=size, dpi=110)
    FigureCanvasAgg(figure)
    grid = figure.add_gridspec(
        len(rows),
        len(columns),
        left=0.3 / size[0],
        right=1 - 0.6 / size[0],
        top=1 - head / size[1],
        bottom=0.02 / size[1],
        wspace=0.03,
        hspace=0.05,
        height_ratios=heights,
    )
    for place, row in enumerate(rows):
        axes = [figure.add_subplot(grid[place, column]) for column in range(len(columns))]
        drawn = [_draw(pane, row.panes.get(name)) for pane, name in zip(axes, columns, strict=True)]
        axes[0].text(-0.04, 0.5, row.label, rotation=90, ha="right", va="center", transform=axes[0].transAxes, size=8)
        if place == 0:
            for pane, name in zip(axes, columns, strict=True):
                pane.set_title(heads[name], fontsize=8)
        shown = [image for image in drawn if image is not None]
        if shown and all(pane.ndim == 2 for pane in row.panes.values()):
            _scale(figure, axes[-1], shown[-1])
    if title:
        figure.suptitle(title, fontsize=9, y=1 - 0.04 / size[1], va="top")
    return figure


def write_picture(path: Path, figure: Figure, *, max_bytes: int = 1_000_000) -> None:
    """Writes a .png, or a .jpg of the best quality that is small enough; replaced atomically.

    Raises:
        InputError: another suffix, or a picture that stays too large.
    """
    if path.suffix not in (".jpg", ".png"):
        raise InputError(path, "pictures are written as .jpg or .png", "give a name that ends so")
    for quality in QUALITIES:
        encoding: dict[str, object] = {"quality": quality, "optimize": True} if path.suffix == ".jpg" else {}
        with atomic_path(path) as temporary:
            figure.savefig(temporary, facecolor="white", pil_kwargs=encoding)
        if path.stat().st_size <= max_bytes:
            return
    raise InputError(path, f"{path.stat().st_size} bytes, more than {max_bytes}", "show fewer methods or use .jpg")


def _aspect(row: PaneRow) -> float:
    height, width = next(iter(row.panes.values())).shape[:2]
    return float(height / width)


def _wrapped(name: str, inches: float) -> str:
    return "\n".join(textwrap.fill(line, int(LETTERS_PER_INCH * inches)) for line in name.split("\n"))


def _draw(axes: Axes, pane: np.ndarray | None) -> AxesImage | None:
    axes.axis("off")
    if pane is None:
        return None
    if pane.ndim == 3:
        return axes.imshow(pane, interpolation="antialiased")
    return axes.imshow(pane, interpolation="nearest", cmap=COLOURS, vmin=-STOPS_SPAN, vmax=STOPS_SPAN)


def _scale(figure: Figure, last: Axes, drawn: AxesImage) -> None:
    box = last.get_position()
    width = 0.09 / figure.get_figwidth()
    axes = figure.add_axes((box.x1 + width / 2, box.y0, width, box.height))
    bar = figure.colorbar(drawn, cax=axes, extend="both", ticks=[-STOPS_SPAN, -2, 0, 2, STOPS_SPAN])
    bar.ax.tick_params(labelsize=7)
    bar.set_label("stops", fontsize=7, labelpad=0)
