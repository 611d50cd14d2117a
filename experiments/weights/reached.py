"""What the default set reaches beside the goals that were set before it was trained: a table for docs/results.md.

`make tables` renders it from `results/any.json`, which `python -m experiments.weights.scores --default` writes.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from experiments.comparison.paired_difference import paired_difference

FILE = Path(__file__).parent / "results" / "any.json"
OURS, FRAME, PUBLISHED = "two_stage_any", "ldr", "ExpandNet_published"


class Goal(NamedTuple):
    """Of a score: a gain over the better of frame and ExpandNet, or an error at most."""

    key: str
    heading: str
    gain: float | None = None
    at_most: float | None = None
    above_frame: float | None = None
    digits: int = 2


PSNRS = (
    ("mu_psnr_aligned", "μ-PSNR, aligned [dB]"),
    ("pu21_psnr", "PU21-PSNR [dB]"),
    ("crf_pu21_psnr", "PU21-PSNR, CRF [dB]"),
)
CLIPPED = Goal("stops_error_clipped", "clipped pixels [stops]", at_most=0.52)
WELL_EXPOSED = Goal("stops_error_well_exposed", "well-exposed pixels [stops]", digits=3)


def goals(*gains: float) -> list[Goal]:
    """Of the three PSNRs."""
    return [Goal(key, heading, gain=gain) for (key, heading), gain in zip(PSNRS, gains, strict=True)]


GOALS = {
    "random": [*goals(4.0, 3.0, 3.0), CLIPPED, WELL_EXPOSED._replace(at_most=0.09)],
    "gamma": [*goals(5.5, 3.8, 3.3), CLIPPED, WELL_EXPOSED._replace(above_frame=0.02)],
}
TITLES = {"random": "unknown cameras, `estimated`", "gamma": "gamma 2.24, `2.24`"}


def column(rows: Mapping[str, Any], name: str, key: str) -> dict[str, float]:
    """Scene -> score of a method."""
    return {scene: scores[key] for scene, scores in rows[name]["per_image"].items()}


def cell(goal: Goal, rows: Mapping[str, Any], places: Mapping[str, str]) -> str:
    """What was reached, and in brackets what was asked; bold where it was reached."""
    ours, digits = rows[OURS]["mean"][goal.key], goal.digits
    if goal.gain is None:
        frame = rows[FRAME]["mean"][goal.key]
        limit = goal.at_most if goal.at_most is not None else frame + (goal.above_frame or 0.0)
        text, met = f"{ours:.{digits}f} (at most {limit:.{digits}f}; photograph {frame:.{digits}f})", ours <= limit
        return f"**{text}**" if met else text
    better = max((FRAME, PUBLISHED), key=lambda name: rows[name]["mean"][goal.key])
    found = paired_difference([column(rows, OURS, goal.key)], [column(rows, better, goal.key)], places)
    assert found is not None
    text = f"{ours:.2f}, {found.mean:+.2f} [{found.low:.1f}, {found.high:.1f}] (+{goal.gain:g})"
    return f"**{text}**" if found.mean >= goal.gain else text


def table(file: Path = FILE) -> str:
    """As Markdown."""
    content = json.loads(file.read_text(encoding="utf-8"))
    heads = [goal.heading for goal in GOALS["random"]]
    lines = [f"| | {' | '.join(heads)} |", f"|---|{'---:|' * len(heads)}"]
    for camera, rows in content["cameras"].items():
        cells = [cell(goal, rows, content["places"]) for goal in GOALS[camera]]
        lines.append(f"| {TITLES[camera]} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"
