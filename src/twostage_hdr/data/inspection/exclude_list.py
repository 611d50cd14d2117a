"""The list of scenes to leave out, as `data.source.exclude` reads it."""

from collections.abc import Sequence
from pathlib import Path

from twostage_hdr.data.inspection.finding import Finding
from twostage_hdr.imaging.atomic import atomic_path


def write_exclude_list(path: Path, poison: Sequence[Finding]) -> int:
    """One scene per line with the reasons as comment; returns how many scenes it names."""
    reasons: dict[str, list[str]] = {}
    for finding in poison:
        if finding.scene:
            reasons.setdefault(finding.scene, []).append(f"{finding.file}: {finding.problem}".replace("\n", " "))
    lines = [f"{scene}  # {'; '.join(told)}\n" for scene, told in sorted(reasons.items())]
    with atomic_path(path) as temporary:
        temporary.write_text("".join(lines), encoding="utf-8")
    return len(lines)
