"""`make tables`: the committed results as Markdown, LaTeX, and in docs/results.md.

A place in that page is a pair of comments. What is between them is written here; nothing while there are no results:

    <!-- results: experiments/NAME/results/summary.json -->
    <!-- /results -->

"networks" after the file's name keeps only the networks and the LDR input. The page's other place is
`<!-- reached -->`, for the default set's goals.
"""

import re
from collections.abc import Mapping
from pathlib import Path

from experiments.comparison.latex import latex_table
from experiments.weights import reached
from twostage_hdr.evaluation.results import Results, read_results
from twostage_hdr.evaluation.saved_results import LDR
from twostage_hdr.evaluation.tables import TableStyle, cell_notes, markdown_table, scaling_notes
from twostage_hdr.imaging.atomic import atomic_path

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "results.md"
TABLES = (
    "table1_comparison/results", "table1_comparison/results/swept",
    "table2_ablation/results/stages", "table2_ablation/results/parts",
    "weights/results/random", "weights/results/gamma",
)  # fmt: skip
"""Folders of results, in `experiments`."""
ON_THE_PAGE = (
    "mu_psnr_aligned", "pu21_psnr", "crf_pu21_psnr", "delta_e", "stops_error_clipped", "stops_error_well_exposed",
)  # fmt: skip
"""Columns that fit there; the whole table is a click away."""

PARTIAL, SMOKE_TEST = "partly filled", "smoke test"
"""Facts of results that are not for conclusions: nothing in their tables is bold."""
OVER_SEEDS = "the seeds, of the mean over the images"

_PLACE = re.compile(
    r"(?P<head><!-- results: (?P<file>\S+)(?P<networks> networks)? -->\n).*?(?P<foot><!-- /results -->)", re.DOTALL
)


_REACHED = re.compile(r"(?<=<!-- reached -->\n).*?(?=<!-- /reached -->)", re.DOTALL)


def render_table(folder: Path) -> None:
    """Writes `table.md` and `table.tex` beside a `summary.json`."""
    results = read_results(folder / "summary.json")
    several, bold = _seeds(results) > 1, _conclusive(results)
    style = TableStyle(interval=True, std=several, std_over=OVER_SEEDS, place_mean=True, cost=True, bold=bold)
    facts = "".join(f"- {name}: {text}\n" for name, text in _marked(results.facts).items())
    _write(folder / "table.md", _title(results) + markdown_table(results.rows, results.columns, style) + facts)
    comments = "".join(f"% {name}: {text}\n" for name, text in _marked(results.facts).items())
    _write(folder / "table.tex", comments + latex_table(results.rows, results.columns, style))


def render_page(text: str, root: Path = ROOT) -> str:
    """The page with every place filled from the data that is there.

    Args:
        text: of the page.
        root: what the places' files are relative to.
    """

    def fill(place: re.Match[str]) -> str:
        file = root / place["file"]
        block = page_block(read_results(file), place["file"], bool(place["networks"])) if file.is_file() else ""
        return f"{place['head']}{block}{place['foot']}"

    return _REACHED.sub(lambda _: f"\n{reached.table()}\n", _PLACE.sub(fill, text))


def page_block(results: Results, file: str, networks: bool = False) -> str:
    """A short table, how it came about, and where the whole one is.

    Args:
        results: what a comparison left behind.
        file: where they lie, as linked.
        networks: leave out rows that are neither a network nor the LDR input.
    """
    columns = [column for column in results.columns if column.key in ON_THE_PAGE]
    rows = [row for row in results.rows if row.scores and (not networks or row.parameters or row.name == LDR)]
    bold = _conclusive(results)
    style = TableStyle(std=_seeds(results) > 1, std_over=OVER_SEEDS, note=False, bold=bold)
    table = markdown_table(rows, columns, style)
    for note in (*cell_notes(rows, style), *scaling_notes(columns)):
        table = table.replace(f"- {note}\n", "")
    facts = results.facts
    told = [f"{key}: {facts[key]}" for key in (PARTIAL, SMOKE_TEST) if key in facts]
    told += [facts[key] for key in ("images", "data", "budget", "spread") if key in facts]
    told += [f"±: the standard deviation over {OVER_SEEDS}"] if style.std else []
    text = "; ".join([*told, *(["bold: the best mean on these images, which is not a test"] if bold else [])])
    return f"\n{table.strip()}\n\n{text[:1].upper()}{text[1:]}. Intervals, costs and notes: [{file}](../{file}).\n\n"


def _conclusive(results: Results) -> bool:
    """Whether a reader may take the best for the best: of a part of a table, or of a smoke test, nothing follows."""
    return not {PARTIAL, SMOKE_TEST} & results.facts.keys()


def _marked(facts: Mapping[str, str]) -> dict[str, str]:
    """The facts, and whether the sources had changes that no commit has."""
    dirty = any("-dirty" in text for text in facts.values())
    return {**facts, **({"uncommitted": "made from sources with changes that no commit has"} if dirty else {})}


def _title(results: Results) -> str:
    """What the table is, above it: budget first."""
    facts = results.facts
    parts = [facts["budget"]] if "budget" in facts else []
    parts += [f"{key}: {facts[key]}" for key in (PARTIAL, SMOKE_TEST) if key in facts]
    return f"**{'; '.join(parts)}**\n\n" if parts else ""


def _seeds(results: Results) -> int:
    return len(results.facts.get("seeds", "0").split(", "))


def _write(path: Path, text: str) -> None:
    with atomic_path(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def main() -> None:
    """Renders what there is."""
    for name in TABLES:
        folder = ROOT / "experiments" / name
        if (folder / "summary.json").is_file():
            render_table(folder)
            print(f"{folder.relative_to(ROOT)}: table.md, table.tex")
    _write(PAGE, render_page(PAGE.read_text(encoding="utf-8")))


if __name__ == "__main__":
    main()
