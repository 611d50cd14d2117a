"""`make tables`."""

from pathlib import Path

import pytest

from experiments.comparison.latex import latex_table
from experiments.comparison.render import PAGE, ROOT, TABLES, render_page, render_table
from twostage_hdr.evaluation.method_row import ALIGNED, AS_GIVEN, MethodRow, MetricColumn, ScoreSummary
from twostage_hdr.evaluation.protocol import COLUMNS
from twostage_hdr.evaluation.results import write_results
from twostage_hdr.evaluation.summarise import summarise

PAGE_TEXT = "# A\n\n<!-- results: results/summary.json -->\nold\n<!-- /results -->\n\n## B\n"
USED = [column for column in COLUMNS if column.key in ("mu_psnr_aligned", "delta_e")]


@pytest.fixture
def results(tmp_path: Path) -> Path:
    rows = [
        MethodRow(name="ldr", title="LDR input", per_image={"a": {"mu_psnr_aligned": 20.0, "delta_e": 3.0}}),
        MethodRow(
            name="one", title="One & all", per_image={"a": {"mu_psnr_aligned": 25.0, "delta_e": 4.0}}, note="a note"
        ),
        MethodRow(name="none", title="By hand", note="not run: needs a person"),
    ]
    facts = {"images": "1 of the test set", "budget": "equal updates: 5 updates", "seeds": "0"}
    write_results(tmp_path / "results", summarise(rows, USED), USED, facts)
    return tmp_path


def test_the_best_is_bold_by_the_columns_own_direction(results: Path) -> None:
    render_table(results / "results")
    markdown = (results / "results" / "table.md").read_text()
    assert "**25.00 (25.00)**" in markdown  # the highest
    assert "**3.00 (3.00)**" in markdown  # the lowest
    assert markdown.count("**") == 6  # the title is the third
    assert "| By hand | – | – |" in markdown
    assert "not run: needs a person" in markdown
    assert "- budget: equal updates: 5 updates" in markdown
    latex = (results / "results" / "table.tex").read_text()
    assert r"\textbf{25.00" in latex
    assert r"One \& all" in latex


def test_a_place_in_the_readme_is_filled_from_the_data_and_twice_is_as_good_as_once(results: Path) -> None:
    once = render_page(PAGE_TEXT, results)
    assert "\nold\n" not in once
    assert "| LDR input | 20.00 | **3.00** |" in once
    assert "By hand" not in once  # rows without scores are in the whole table
    assert once.startswith("# A\n\n<!-- results")
    assert once.endswith("<!-- /results -->\n\n## B\n")
    assert render_page(once, results) == once


def test_a_place_can_show_networks_only(tmp_path: Path) -> None:
    scored = {"a": {"mu_psnr_aligned": 20.0, "delta_e": 3.0}}
    rows = [
        MethodRow(name="ldr", title="LDR input", per_image=scored),
        MethodRow(name="net", title="Net", per_image=scored, parameters=5),
        MethodRow(name="operator", title="Operator", per_image=scored),
    ]
    write_results(tmp_path / "results", summarise(rows, USED), USED, {"images": "1"})
    text = render_page(PAGE_TEXT.replace("summary.json -->", "summary.json networks -->"), tmp_path)
    assert "| Net |" in text
    assert "| LDR input |" in text
    assert "Operator" not in text


def test_a_place_without_data_is_empty(tmp_path: Path) -> None:
    assert "\nold\n" not in render_page(PAGE_TEXT, tmp_path)
    assert render_page(PAGE_TEXT, tmp_path).count("results") == 3


def test_the_page_says_what_the_committed_results_say() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert "<!-- results: experiments/table1_comparison/results/summary.json -->" in text
    assert render_page(text) == text, "run `make tables`"


@pytest.mark.parametrize("name", TABLES)
def test_the_committed_tables_say_what_the_committed_results_say(name: str, tmp_path: Path) -> None:
    folder = ROOT / "experiments" / name
    if not (folder / "summary.json").is_file():
        pytest.skip(f"no results of {name} are committed yet")
    (tmp_path / "summary.json").write_bytes((folder / "summary.json").read_bytes())
    render_table(tmp_path)
    for file in ("table.md", "table.tex"):
        assert (tmp_path / file).read_text() == (folder / file).read_text(), "run `make tables`"


def test_latex_escapes_what_latex_would_read_otherwise() -> None:
    columns = [
        MetricColumn(key="psnr", title="PSNR", unit="dB", higher_is_better=True, scaling=AS_GIVEN),
        MetricColumn(key="delta_e", title="ΔE00", unit="", higher_is_better=False, scaling=ALIGNED, digits=3),
    ]
    best = {"psnr": ScoreSummary(mean=30.123, std=2.0), "delta_e": ScoreSummary(mean=2.5)}
    rows = [
        MethodRow(name="ldr", title="LDR", scores={"psnr": ScoreSummary(mean=20), "delta_e": ScoreSummary(mean=4)}),
        MethodRow(name="ours", title="Two_stage | 50%", scores=best),
        MethodRow(name="gone", title="Gone", note="weights cannot be had"),
    ]
    text = latex_table(rows, columns)
    assert r"Two\_stage | 50\% & \textbf{30.12 $\pm$ 2.00} & \textbf{2.500} &  \\" in text
    assert r"PSNR [dB] $\uparrow$ & $\Delta$E00 $\downarrow$" in text
    assert text.count("\\\\") == 1 + len(rows)
    assert r"\begin{tabular}{lrrr}" in text
