from pathlib import Path

import numpy as np
from PIL import Image

from experiments.figure5_gallery.gallery_figure import STOPS_SPAN, gallery_figure, write_picture
from experiments.figure5_gallery.pane_row import PaneRow
from tests.refusal import refusal_of


def rows() -> list[PaneRow]:
    red = np.zeros((30, 40, 3), dtype=np.uint8)
    red[..., 0] = 255
    return [
        PaneRow(label="0 stops", panes={"a": red, "b": red}),
        PaneRow(label="difference", panes={"a": np.full((30, 40), STOPS_SPAN, dtype=np.float32)}),
    ]


def test_panes_stand_under_their_titles_and_missing_ones_stay_empty() -> None:
    figure = gallery_figure(rows(), ["a", "b"], title="scene")
    titled = {axes.get_title(): axes for axes in figure.axes if axes.get_title()}
    assert list(titled) == ["a", "b"]
    assert [len(axes.images) for axes in figure.axes[:4]] == [1, 1, 1, 0]
    assert figure.get_suptitle() == "scene"


def test_titles_of_neighbours_do_not_overlap() -> None:
    long = "Two-stage, simultaneous (paper), seed 0\n20.7 dB"
    panes = {long: np.zeros((30, 40, 3), dtype=np.uint8), long[1:]: np.zeros((30, 40, 3), dtype=np.uint8)}
    figure = gallery_figure([PaneRow(label="", panes=panes)], list(panes))
    left, right = (axes.title.get_window_extent(figure.canvas.get_renderer()) for axes in figure.axes)
    assert left.x1 < right.x0
    assert left.y1 < figure.bbox.y1


def test_the_scale_has_its_unit_and_both_ends_and_red_is_too_bright() -> None:
    figure = gallery_figure(rows(), ["a", "b"])
    scale = figure.axes[-1]
    assert scale.get_ylabel() == "stops"
    assert scale.get_ylim() == (-STOPS_SPAN, STOPS_SPAN)
    drawn = figure.axes[2].images[0]
    red, _, blue, _ = drawn.cmap(drawn.norm(STOPS_SPAN))
    assert red > blue


def test_without_differences_there_is_no_scale() -> None:
    assert len(gallery_figure(rows()[:1], ["a", "b"]).axes) == 2


def test_a_picture_is_written_as_small_as_asked_for_or_refused(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (300, 300, 3), dtype=np.uint8)
    figure = gallery_figure([PaneRow(label="noise", panes={"a": noise})], ["a"], pane_inches=4)
    write_picture(tmp_path / "large.jpg", figure)
    size = (tmp_path / "large.jpg").stat().st_size
    write_picture(tmp_path / "small.jpg", figure, max_bytes=size - 1)
    assert (tmp_path / "small.jpg").stat().st_size < size
    assert Image.open(tmp_path / "small.jpg").size == Image.open(tmp_path / "large.jpg").size
    with refusal_of(tmp_path / "tiny.jpg", 1000):
        write_picture(tmp_path / "tiny.jpg", figure, max_bytes=1000)
    with refusal_of(tmp_path / "picture.bmp", ".jpg", ".png"):
        write_picture(tmp_path / "picture.bmp", figure)
