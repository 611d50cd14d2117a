"""Checks that need more than one scene: sizes, the same picture twice, pictures shared by sets."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence

from twostage_hdr.data.inspection.finding import Finding, SceneRecord
from twostage_hdr.data.leakage import leaking_pairs
from twostage_hdr.data.splits import Splits

MOST = 0.5
"""Share of the scenes that must agree on a size before the others are reported."""


def odd_sizes(records: Sequence[SceneRecord]) -> list[Finding]:
    """Scenes of another size than most."""
    counted = Counter(record.size for record in records if record.size is not None)
    if not counted:
        return []
    usual, number = counted.most_common(1)[0]
    if number <= MOST * counted.total():
        return []
    return [
        Finding(
            scene=record.scene,
            file=record.scene,
            problem=f"{record.size[1]}x{record.size[0]} px, most scenes have {usual[1]}x{usual[0]}",
            cure="no action needed if this is intended",
            harmful=False,
        )
        for record in records
        if record.size is not None and record.size != usual
    ]


def duplicates(records: Sequence[SceneRecord], groups: Mapping[str, str]) -> list[Finding]:
    """Scenes that are pixel for pixel another one; harmful only if a split could put them into different sets."""
    first: dict[str, str] = {}
    found = []
    for record in records:
        twin = first.setdefault(record.digest, record.scene) if record.digest else record.scene
        if twin != record.scene:
            apart = groups.get(record.scene) != groups.get(twin)
            found.append(
                Finding(
                    scene=record.scene,
                    file=record.scene,
                    problem=f"the same picture as {twin}",
                    cure="exclude one of them",
                    harmful=apart,
                )
            )
    return found


def leaks(records: Sequence[SceneRecord], splits: Splits, *, excluded: Collection[str]) -> list[Finding]:
    """Near-duplicates between training, validation and test; without copies of scenes that are already excluded."""
    pictures = {record.scene: record.thumbnail for record in records if record.thumbnail is not None}
    return [
        Finding(
            scene=twin,
            file=twin,
            problem=f"in {other}, but shows the picture of {scene} in {one} (correlation {alike:.3f})",
            cure="give both one group (sequence file, subfolder or place_group), or exclude one",
        )
        for one, scene, other, twin, alike in leaking_pairs(splits, pictures)
        if scene not in excluded
    ]
