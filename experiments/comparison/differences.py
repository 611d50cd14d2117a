"""Each row of a table less one of them, paired by seed and place."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from experiments.comparison.paired_difference import PairedDifference, paired_difference
from experiments.comparison.row import Row
from twostage_hdr.evaluation.bootstrap import holm
from twostage_hdr.evaluation.method_row import MethodRow, MetricColumn

KEYS = ("mu_psnr_aligned", "pu21_psnr", "crf_pu21_psnr", "delta_e", "stops_error_clipped")
"""Metrics that are compared."""
LEVEL = 0.05
"""Of the corrected p-values."""


def differences(
    rows: Sequence[Row], seeds: Mapping[str, Mapping[int, MethodRow]], reference: str, columns: Sequence[MetricColumn]
) -> list[dict[str, Any]]:
    """For each row and metric a dict of `PairedDifference`, with row, metric and the p-value corrected by Holm.

    Args:
        rows: of the table.
        seeds: row's name -> seed -> scores.
        reference: name of the row that is taken off.
        columns: of the scores.
    """
    found = []
    for column in (column for column in columns if column.key in KEYS):
        family = [
            (row, difference)
            for row in rows
            if row.name != reference
            and (difference := _difference(seeds.get(row.name, {}), seeds.get(reference, {}), column.key))
        ]
        corrected = holm([difference.p_value for _, difference in family])
        for (row, difference), p_value in zip(family, corrected, strict=True):
            found.append({"row": row.name, "metric": column.key} | asdict(difference) | {"p_value_holm": p_value})
    return found


def _difference(own: Mapping[int, MethodRow], other: Mapping[int, MethodRow], key: str) -> PairedDifference | None:
    shared = sorted(own.keys() & other.keys())
    if not shared:
        return None
    mine, theirs = ([_scores(of[seed], key) for seed in shared] for of in (own, other))
    return paired_difference(mine, theirs, own[shared[0]].places)


def _scores(row: MethodRow, key: str) -> dict[str, float]:
    return {scene: scores[key] for scene, scores in row.per_image.items() if key in scores}


def differences_table(
    found: Sequence[Mapping[str, Any]], rows: Sequence[Row], less: str, columns: Sequence[MetricColumn]
) -> str:
    """As Markdown: "+0.31 [0.05, 0.52]"; a difference that is not shown says how many seeds and places would show it.

    Args:
        found: of `differences`.
        rows: of the table.
        less: title of the row that was taken off.
        columns: of the scores.
    """
    titles = {row.name: row.title for row in rows}
    shown = [column for column in columns if any(one["metric"] == column.key for one in found)]
    if not shown:
        return ""
    heads = [f"{column.heading} {'↑' if column.higher_is_better else '↓'}" for column in shown]
    lines = [f"| less {less} | seeds | {' | '.join(heads)} |", f"|---|---:|{'---:|' * len(shown)}"]
    for name in dict.fromkeys(one["row"] for one in found):
        own = {one["metric"]: one for one in found if one["row"] == name}
        cells = [_cell(own[column.key], column.digits) if column.key in own else "–" for column in shown]
        lines.append(f"| {titles[name]} | {next(iter(own.values()))['seeds']} | {' | '.join(cells)} |")
    first = found[0]
    note = (
        f"\nMean over {first['images']} images of {first['places']} places and the seeds, paired; in brackets the 95 % "
        "bootstrap interval over places and seeds. \\*: the interval leaves zero out and the Wilcoxon test over "
        "places, corrected by Holm over the rows, has p < 0.05. Of others: the seeds (s) and places (p) that it "
        "would take, if the difference is as large as it looks.\n"
    )
    return "\n".join(lines) + "\n" + note


def _cell(one: Mapping[str, Any], digits: int) -> str:
    text = f"{one['mean']:+.{digits}f} [{one['low']:.{digits}f}, {one['high']:.{digits}f}]"
    apart = one["seeds"] > 1 and (one["low"] > 0 or one["high"] < 0) and one["p_value_holm"] < LEVEL
    if apart:
        return text + "\\*"
    return text + "".join(
        f", {one[key]:,} {unit}" for key, unit in (("seeds_needed", "s"), ("places_needed", "p")) if one[key]
    )
