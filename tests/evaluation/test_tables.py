import io
import math

import pytest
from markdown_it import MarkdownIt
from rich.console import Console

from twostage_hdr.evaluation.method_row import ALIGNED, AS_GIVEN, MethodRow, MetricColumn, ScoreSummary
from twostage_hdr.evaluation.tables import TableStyle, markdown_table, terminal_table

COLUMNS = [
    MetricColumn(key="psnr", title="PSNR", unit="dB", higher_is_better=True, scaling=AS_GIVEN),
    MetricColumn(key="delta_e", title="ΔE00", unit="", higher_is_better=False, scaling=ALIGNED, digits=3),
]
ROWS = [
    MethodRow(
        name="ldr",
        title="LDR input",
        scores={"psnr": ScoreSummary(mean=20.0, std=1.5, low=19.0, high=21.0), "delta_e": ScoreSummary(mean=4.0)},
    ),
    MethodRow(
        name="ours",
        title="Two_stage | 50%",
        scores={"psnr": ScoreSummary(mean=30.123, std=2.0, low=29.0, high=31.0), "delta_e": ScoreSummary(mean=2.5)},
        parameters=834_476,
        multiply_adds_per_pixel=832_576.0,
        seconds_per_megapixel=3.25,
        peak_mebibytes=math.nan,
    ),
    MethodRow(name="gone", title="Gone", note="weights cannot be had"),
]


def parsed() -> list[list[str]]:
    html = MarkdownIt("commonmark").enable("table").render(markdown_table(ROWS, COLUMNS))
    return [
        [cell.split(">", 1)[1].split("</t")[0] for cell in line.split("\n") if cell.startswith(("<td", "<th"))]
        for line in html.split("<tr>")[1:]
    ]


def test_markdown_is_a_table_to_a_markdown_parser() -> None:
    table = parsed()
    assert table[0] == ["Method", "PSNR [dB] ↑", "ΔE00 ↓", "Note"]
    assert [len(line) for line in table] == [4, 4, 4, 4]


def test_the_best_is_bold_in_its_own_direction() -> None:
    table = parsed()
    assert table[1][1:3] == ["20.00 ± 1.50", "4.000"]
    assert table[2][1:3] == ["<strong>30.12 ± 2.00</strong>", "<strong>2.500</strong>"]


def test_what_was_not_measured_is_a_dash_with_a_reason() -> None:
    assert parsed()[3] == ["Gone", "–", "–", "weights cannot be had"]


def test_each_scaling_is_written_beside_its_metrics() -> None:
    text = markdown_table(ROWS, COLUMNS)
    assert f"- PSNR: {AS_GIVEN}." in text
    assert f"- ΔE00: {ALIGNED}." in text


def test_the_interval_and_the_costs_appear_when_asked_for() -> None:
    text = markdown_table(ROWS, COLUMNS, TableStyle(std=False, interval=True, cost=True))
    assert "**30.12 [29.00, 31.00]**" in text
    assert "834,476 | 832,576 | 3.25 | – |" in text


@pytest.mark.parametrize("width", [200, 80])
@pytest.mark.parametrize("copies", [1, 3])
def test_the_terminal_table_prints_every_row_in_either_orientation(width: int, copies: int) -> None:
    out = io.StringIO()
    Console(file=out, width=width).print(terminal_table(ROWS * copies, COLUMNS, title="Table 1"))
    text = " ".join(out.getvalue().split())
    for part in ("Table 1", "LDR input", "Gone", "30.12"):
        assert part in text
    assert ("± 2.00" in text) == (copies == 1)


def test_a_cell_can_have_all_that_is_known_and_the_table_says_what_it_is() -> None:
    score = ScoreSummary(mean=30.1, place_mean=29.0, std=1.0, low=28.0, high=32.0, images=16, places=9)
    row = MethodRow(name="one", title="One", scores={"psnr": score})
    style = TableStyle(std_over="the seeds", place_mean=True, interval=True)
    text = markdown_table([row], COLUMNS[:1], style)
    assert "**30.10 ± 1.00 (29.00) [28.00, 32.00]**" in text
    assert "Of 16 images of 9 places: mean over the images, ± standard deviation over the seeds" in text
    assert "resampled by place" in text
    plain = markdown_table([row], COLUMNS[:1], TableStyle(bold=False))
    assert "**" not in plain
    assert "Bold" not in plain
