"""The whole inspection of a source: scene by scene, side by side, then what needs all of them."""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from twostage_hdr.data.hdm import HdmSource
from twostage_hdr.data.inspection.finding import Finding, Inspectable, SceneRecord, stray_files
from twostage_hdr.data.inspection.hdm_scene import HdmInspector, required_endings
from twostage_hdr.data.inspection.linear_scene import LinearInspector
from twostage_hdr.data.scene import Scene
from twostage_hdr.data.splits import Splits, leaking_pairs
from twostage_hdr.data.workers import unordered
from twostage_hdr.errors import InputError

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
    found, cure = [], "no action needed if this is intended"
    for record in records:
        if record.size is not None and record.size != usual:
            problem = f"{record.size[1]}x{record.size[0]} px, most scenes have {usual[1]}x{usual[0]}"
            found.append(Finding(scene=record.scene, file=record.scene, problem=problem, cure=cure, harmful=False))
    return found


def duplicates(records: Sequence[SceneRecord], groups: Mapping[str, str]) -> list[Finding]:
    """Scenes that are pixel for pixel another one; harmful only if a split could put them into different sets."""
    first: dict[str, str] = {}
    found = []
    for record in records:
        twin = first.setdefault(record.digest, record.scene) if record.digest else record.scene
        if twin != record.scene:
            apart, problem = groups.get(record.scene) != groups.get(twin), f"the same picture as {twin}"
            cure = "exclude one of them"
            found.append(Finding(scene=record.scene, file=record.scene, problem=problem, cure=cure, harmful=apart))
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


@dataclass(frozen=True, kw_only=True)
class Inspection:
    """The result of an inspection.

    Attributes:
        records: one per scene, in the source's order.
        findings: of scenes and of the set; harmful first.
        groups: place or sequence of each readable scene.
        splits: the sets that training would use; None if there are none to make.
    """

    records: Sequence[SceneRecord]
    findings: Sequence[Finding]
    groups: dict[str, str]
    splits: Splits | None

    @property
    def harmful(self) -> list[Finding]:
        """What must be repaired or excluded."""
        return [finding for finding in self.findings if finding.harmful]


def inspect_source(
    source: Inspectable,
    make_splits: Callable[[Sequence[Scene]], Splits],
    *,
    seed: int,
    patch_size: int,
    workers: int,
    progress: Callable[[int, int], None] | None = None,
) -> Inspection:
    """Runs every check on every scene.

    Args:
        source: what is inspected.
        make_splits: makes the sets that training would use, or raises an `InputError`.
        seed: of the cameras.
        patch_size: of the training, in px.
        workers: processes; 0 works in this one.
        progress: called with the number of finished scenes and their total.
    """
    records = _records(source, seed, patch_size, workers, progress)
    healthy = [record for record in records if not record.harmful]
    if isinstance(source, HdmSource):
        groups = source.groups({record.scene: record.thumbnail for record in healthy if record.thumbnail is not None})
    else:
        groups = {scene.id: scene.group for scene in source.scenes()}
    scenes = [Scene(record.scene, groups[record.scene]) for record in healthy if record.scene in groups]
    splits, split_findings = _splits(scenes, make_splits)
    findings = [finding for record in records for finding in record.findings]
    if isinstance(source, HdmSource):  # other folders hold images of any size as a rule
        findings += odd_sizes(healthy)
    twins = duplicates(healthy, groups)
    findings += [*stray_files(source), *twins, *split_findings]
    if splits is not None:
        findings += leaks(healthy, splits, excluded={finding.scene for finding in twins if finding.harmful})
    findings.sort(key=lambda finding: (not finding.harmful, finding.scene, finding.file))
    return Inspection(records=records, findings=findings, groups=groups, splits=splits)


def _records(
    source: Inspectable,
    seed: int,
    patch_size: int,
    workers: int,
    progress: Callable[[int, int], None] | None,
) -> list[SceneRecord]:
    found: Iterable[SceneRecord]
    if isinstance(source, HdmSource):
        order = list(source.ids)
        found = unordered(HdmInspector(source=source, required=required_endings(source)), order, workers=workers)
    else:
        scenes = source.scenes()
        order = [scene.id for scene in scenes]
        found = unordered(LinearInspector(source=source, patch_size=patch_size, seed=seed), scenes, workers=workers)
    records = {}
    for record in found:
        records[record.scene] = record
        if progress is not None:
            progress(len(records), len(order))
    return [records[scene_id] for scene_id in order]


def _splits(
    scenes: Sequence[Scene], make_splits: Callable[[Sequence[Scene]], Splits]
) -> tuple[Splits | None, list[Finding]]:
    try:
        return (make_splits(scenes) if scenes else None), []
    except InputError as error:
        return None, [Finding(scene="", file=error.subject, problem=error.seen, cure=error.cure)]
