import pytest

from tests.refusal import refusal_of
from twostage_hdr.evaluation.report.curves import MOST_POINTS, charts, draw, read_curves


def test_columns_become_curves_and_empty_cells_are_skipped(tmp_path):
    (tmp_path / "metrics.csv").write_text("epoch,step,train/l1,val/psnr\n0,9,0.5,\n0,19,0.25,\n0,19,,30\n")
    curves = read_curves(tmp_path / "metrics.csv")
    assert curves == {"train/l1": [(9.0, 0.5), (19.0, 0.25)], "val/psnr": [(19.0, 30.0)]}


def test_a_file_without_numbers_is_refused(tmp_path):
    (tmp_path / "m.csv").write_text("step,note\n1,hello\n")
    with refusal_of(tmp_path / "m.csv", "step, note", "metrics.csv"):
        read_curves(tmp_path / "m.csv")
    with refusal_of(tmp_path / "none.csv", "logger=csv"):
        read_curves(tmp_path / "none.csv")


def test_the_parts_of_one_quantity_share_a_chart():
    drawn = charts({"train/l1": [(0, 1.0), (1, 0.5)], "val/l1": [(1, 0.7)], "val/psnr": [(1, 30.0)]})
    assert [(chart.title, chart.names) for chart in drawn] == [("l1", ("train", "val")), ("psnr", ())]
    assert "line1" in drawn[0].svg
    assert "line1" not in drawn[1].svg


def test_long_curves_are_averaged_down():
    (chart,) = charts({"train/l1": [(step, float(step % 7)) for step in range(5000)]})
    assert 10 < chart.svg.count(" L") < MOST_POINTS


def test_a_higher_value_is_drawn_higher():
    svg = draw({"train": [(0, 1.0), (1, 2.0)]})
    path = svg.split('d="M')[1].split('"')[0]
    first, last = (float(point.split()[1]) for point in path.split(" L"))
    assert last < first


def test_a_range_of_more_than_fifty_is_drawn_on_a_logarithmic_axis():
    svg = draw({"train": [(0, 1000.0), (1, 10.0), (2, 0.1)]})
    heights = [float(point.split()[1]) for point in svg.split('d="M')[1].split('"')[0].split(" L")]
    assert heights[1] == pytest.approx((heights[0] + heights[2]) / 2, abs=0.2)


def test_a_flat_curve_and_a_single_point_are_drawn():
    assert "nan" not in draw({"lr": [(0, 1e-3), (1, 1e-3)]}) + draw({"val": [(5, 2.0)]})
