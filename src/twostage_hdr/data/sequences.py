"""Film sequences: runs of neighbouring frames that show one shot and must not be split."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from twostage_hdr.boundary.structured_text import read_csv
from twostage_hdr.data.thumbnails import Thumbnail, alike_pairs, panned_correlation
from twostage_hdr.errors import InputError

SAME_SHOT = 0.8
"""Correlation of the thumbnails of neighbouring ids, over small pans, from which on they count as one shot.
Deliberately low: joining two shots costs a little variety, splitting one leaks."""


def find_runs(ids: Sequence[str], pictures: Mapping[str, Thumbnail]) -> dict[str, str]:
    """Groups neighbouring ids whose pictures are alike; a group is named by its first id."""
    groups: dict[str, str] = {}
    for position, scene_id in enumerate(ids):
        before = ids[position - 1] if position else None
        alike = before is not None and panned_correlation(pictures[scene_id], pictures[before]) > SAME_SHOT
        groups[scene_id] = groups[before] if alike and before is not None else scene_id
    return groups


def join_returning_shots(groups: Mapping[str, str], pictures: Mapping[str, Thumbnail]) -> dict[str, str]:
    """Joins groups that hold the same picture: a shot that the film cuts back to, or a frame that is there twice.

    Args:
        groups: group by scene id, in the order of the ids.
        pictures: thumbnail by scene id.

    Returns:
        The groups, joined ones under the name of their first.
    """
    root = {group: group for group in groups.values()}

    def find(group: str) -> str:
        while root[group] != group:
            group = root[group]
        return group

    order = {group: place for place, group in enumerate(root)}
    for one, other, _ in alike_pairs(pictures, pictures):
        early, late = sorted((find(groups[one]), find(groups[other])), key=order.__getitem__)
        root[late] = early
    return {scene_id: find(group) for scene_id, group in groups.items()}


def read_sequences(path: Path, ids: Sequence[str]) -> dict[str, str]:
    """Reads a CSV with the columns `scene` and `sequence`.

    Raises:
        InputError: the file is missing, has other columns or misses a scene.
    """
    rows = read_csv(path, ["scene", "sequence"], cure="give a CSV with the columns scene and sequence")
    listed = {row["scene"]: row["sequence"] for row in rows}
    missing = [scene_id for scene_id in ids if scene_id not in listed]
    if missing:
        raise InputError(path, f"no sequence for {len(missing)} scenes, first {missing[0]!r}", "add a row for each")
    return {scene_id: listed[scene_id] for scene_id in ids}
