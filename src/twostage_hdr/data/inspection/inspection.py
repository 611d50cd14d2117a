"""The whole inspection of a source: scene by scene, side by side, then what needs all of them."""

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from twostage_hdr.data.hdm import HdmSource
from twostage_hdr.data.inspection.finding import Finding, Inspectable, SceneRecord, stray_files
from twostage_hdr.data.inspection.hdm_scene import HdmInspector, required_endings
from twostage_hdr.data.inspection.linear_scene import LinearInspector
from twostage_hdr.data.leakage import leaking_pairs
from twostage_hdr.data.scene import Scene
from twostage_hdr.data.splits import Splits, check_splits, read_splits, split_by_group
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


@dataclass(frozen=True, kw_only=True)
class SplitRequest:
    """How the sets would be made; see `TripleDataModule`."""

    split_file: str | None
    val_fraction: float
    test_fraction: float
    seed: int


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
    request: SplitRequest,
    *,
    patch_size: int,
    workers: int,
    progress: Callable[[int, int], None] | None = None,
) -> Inspection:
    """Runs every check on every scene.

    Args:
        source: what is inspected.
        request: how the sets would be made.
        patch_size: of the training, in px.
        workers: processes; 0 works in this one.
        progress: called with the number of finished scenes and their total.
    """
    records = _records(source, request.seed, patch_size, workers, progress)
    healthy = [record for record in records if not record.harmful]
    groups = _groups(source, healthy)
    scenes = [Scene(record.scene, groups[record.scene]) for record in healthy if record.scene in groups]
    splits, split_findings = _splits(scenes, request)
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
    if isinstance(source, HdmSource):
        found = unordered(HdmInspector(source=source, required=required_endings(source)), source.ids, workers=workers)
        order = {scene_id: place for place, scene_id in enumerate(source.ids)}
    else:
        scenes = source.scenes()
        inspector = LinearInspector(source=source, patch_size=patch_size, seed=seed)
        found = unordered(inspector, scenes, workers=workers)
        order = {scene.id: place for place, scene in enumerate(scenes)}
    records = []
    for done, record in enumerate(found, start=1):
        records.append(record)
        if progress is not None:
            progress(done, len(order))
    return sorted(records, key=lambda record: order[record.scene])


def _groups(source: Inspectable, records: Sequence[SceneRecord]) -> dict[str, str]:
    if isinstance(source, HdmSource):
        return source.groups({record.scene: record.thumbnail for record in records if record.thumbnail is not None})
    return {scene.id: scene.group for scene in source.scenes()}


def _splits(scenes: Sequence[Scene], request: SplitRequest) -> tuple[Splits | None, list[Finding]]:
    if not scenes:
        return None, []
    where = request.split_file or "data splits"
    try:
        if request.split_file is not None:
            splits = read_splits(Path(request.split_file))
        else:
            splits = split_by_group(
                scenes, seed=request.seed, val_fraction=request.val_fraction, test_fraction=request.test_fraction
            )
        check_splits(splits, scenes, where=where)
    except InputError as error:
        return None, [Finding(scene="", file=where, problem=error.seen, cure=error.cure)]
    return splits, []
