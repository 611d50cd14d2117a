"""`twostage-hdr jod`: ColorVideoVDP's scores into an evaluation's table."""

from collections.abc import Sequence
from pathlib import Path

from twostage_hdr.evaluation.color_video_vdp import ColorVideoVdp, add_jod
from twostage_hdr.evaluation.results import Results, read_results, write_results
from twostage_hdr.evaluation.saved_results import SavedResults
from twostage_hdr.evaluation.tables import TableStyle, markdown_table
from twostage_hdr.imaging.atomic import write_text


def score_jod(evaluation: Path, program: str, *, methods: Sequence[str] = ()) -> Results:
    """Scores the saved results and writes summary and scores per image again.

    Args:
        evaluation: a folder of `evaluate` with `results/`.
        program: of ColorVideoVDP.
        methods: names of the rows to score; none means all.

    Raises:
        InputError: no saved results, or a program that is missing or fails.
    """
    before = read_results(evaluation / "summary.json")
    results = add_jod(before, SavedResults(evaluation / "results"), ColorVideoVdp(program=program), methods)
    write_results(evaluation, *results)
    return results


def write_table(evaluation: Path, results: Results) -> str:
    """Writes `table.md` into an evaluation's folder; gives its text."""
    text = markdown_table(results.rows, results.columns, TableStyle(cost=True))
    write_text(evaluation / "table.md", text)
    return text
