"""`make tables`: the committed results as Markdown, LaTeX, and in the README.

A place in the README is a pair of comments. What is between them is written here; nothing while there are no results:

    <!-- results: experiments/NAME/results/summary.json -->
    <!-- /results -->

"networks" after the file's name leaves out what is no network, but for the LDR input.
"""

import re
from pathlib import Path

from twostage_hdr.evaluation.results import Results, read_results
from twostage_hdr.evaluation.saved_results import LDR
from twostage_hdr.evaluation.tables import TableStyle, latex_table, markdown_table, scaling_notes
from twostage_hdr.imaging.atomic import atomic_path

ROOT = Path(__file__).parents[2]
TABLES = (
    "table1_comparison/results", "table2_ablation/results", "weights/results/random", "weights/results/gamma",
)  # fmt: skip
"""Folders of results, in `experiments`."""
IN_THE_README = (
    "mu_psnr_aligned", "pu21_psnr", "crf_pu21_psnr", "delta_e", "stops_error_clipped", "stops_error_well_exposed",
)  # fmt: skip
"""Columns that fit there; the whole table is a click away."""

_PLACE = re.compile(
    r"(?P<head><!-- results: (?P<file>\S+)(?P<networks> networks)? -->\n).*?(?P<foot><!-- /results -->)", re.DOTALL
)


def render_table(folder: Path) -> None:
    """Writes `table.md` and `table.tex` beside a `summary.json`."""
    results = read_results(folder / "summary.json")
    style = TableStyle(interval=_seeds(results) == 1, std=_seeds(results) > 1, cost=True)
    facts = "".join(f"- {name}: {text}\n" for name, text in results.facts.items())
    _write(folder / "table.md", markdown_table(results.rows, results.columns, style) + facts)
    comments = "".join(f"% {name}: {text}\n" for name, text in results.facts.items())
    _write(folder / "table.tex", comments + latex_table(results.rows, results.columns, style))


def render_readme(text: str, root: Path = ROOT) -> str:
    """The README with every place filled from the data that is there.

    Args:
        text: of the README.
        root: what the places' files are relative to.
    """

    def fill(place: re.Match[str]) -> str:
        file = root / place["file"]
        block = readme_block(read_results(file), place["file"], bool(place["networks"])) if file.is_file() else ""
        return f"{place['head']}{block}{place['foot']}"

    return _PLACE.sub(fill, text)


def readme_block(results: Results, file: str, networks: bool = False) -> str:
    """A short table, how it came about, and where the whole one is.

    Args:
        results: what a comparison left behind.
        file: where they lie, as linked.
        networks: leave out rows that are neither a network nor the LDR input.
    """
    columns = [column for column in results.columns if column.key in IN_THE_README]
    rows = [row for row in results.rows if row.scores and (not networks or row.parameters or row.name == LDR)]
    style = TableStyle(std=_seeds(results) > 1, note=False)
    table = markdown_table(rows, columns, style)
    for note in scaling_notes(columns):
        table = table.replace(f"- {note}\n", "")
    told = [results.facts[key] for key in ("images", "data", "budget", "spread") if key in results.facts]
    text = "; ".join(told)
    return f"\n{table.strip()}\n\n{text[:1].upper()}{text[1:]}. Intervals, costs and notes: [{file}]({file}).\n\n"


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
    readme = ROOT / "README.md"
    _write(readme, render_readme(readme.read_text(encoding="utf-8")))


if __name__ == "__main__":
    main()
