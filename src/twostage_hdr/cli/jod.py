"""`twostage-hdr jod`: ColorVideoVDP's scores into an evaluation's table."""

from collections.abc import Sequence
from pathlib import Path

from twostage_hdr.evaluation.color_video_vdp import ColorVideoVdp, add_jod
from twostage_hdr.evaluation.results import Results, read_results, write_results
from twostage_hdr.evaluation.saved_results import SavedResults
from twostage_hdr.evaluation.tables import TableStyle, markdown_table
from twostage_hdr.imaging.atomic import atomic_path


def score_jod(evaluation: Path, program: str, *, methods: Sequence[str] = ()) -> Results:
    """Scores the saved results and writes summary, scores per image and table again.

    Args:
        evaluation: a folder of `evaluate` with `results/`.
        program: of ColorVideoVDP.
        methods: names of the rows to score; none means all.

    Raises:
        InputError: no saved results, or a program that is missing or fails.
    """
    before = read_results(evaluation / "summary.json")
    results = add_jod(before, SavedResults(evaluation / "results"), ColorVideoVdp(program=program), methods)
    write_results(evaluation, results.rows, results.columns, results.facts)
    with atomic_path(evaluation / "table.md") as temporary:
        temporary.write_text(table(results), encoding="utf-8")
    return results


def table(results: Results) -> str:
    """The table as `evaluate` writes it."""
    return markdown_table(results.rows, results.columns, TableStyle(interval=False, cost=True))
