"""Train, validation and test sets that share no place and no film sequence."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import combinations
from pathlib import Path

import numpy as np

from twostage_hdr.boundary.refusal import as_input_error
from twostage_hdr.boundary.structured_text import read_json
from twostage_hdr.data.scene import Scene
from twostage_hdr.data.thumbnails import Thumbnail, alike_pairs
from twostage_hdr.errors import InputError
from twostage_hdr.imaging.atomic import write_text


@dataclass(frozen=True)
class Splits:
    """Scene ids of the three sets, each sorted.

    Attributes:
        shared: true when there were too few groups for three sets, so that all three are the whole data.
    """

    train: tuple[str, ...]
    val: tuple[str, ...]
    test: tuple[str, ...]
    shared: bool = False


def split_by_group(
    scenes: Sequence[Scene], *, seed: int, val_fraction: float = 0.1, test_fraction: float = 0.2
) -> Splits:
    """Deals whole groups, in random order, to test, validation and train until each has its share of the scenes.

    With fewer than three groups no honest split exists: all three sets are then all scenes, and `shared` says so.

    Raises:
        InputError: no scenes, or fractions that leave nothing to train on.
    """
    if not scenes:
        raise InputError("data", "no scenes to split", "point data.root at a folder that has some")
    if min(val_fraction, test_fraction) < 0 or val_fraction + test_fraction >= 1:
        raise InputError(
            "data",
            f"val_fraction={val_fraction} and test_fraction={test_fraction} leave nothing to train on",
            "give two shares >= 0 whose sum is below 1",
        )
    members: dict[str, list[str]] = {}
    for scene in scenes:
        members.setdefault(scene.group, []).append(scene.id)
    if len(members) < 3:
        everything = tuple(sorted(scene.id for scene in scenes))
        return Splits(everything, everything, everything, shared=True)
    order = np.random.default_rng([seed, len(scenes)]).permutation(sorted(members))
    parts: dict[str, list[str]] = {"test": [], "val": [], "train": []}
    wanted = {"test": max(test_fraction * len(scenes), 1), "val": max(val_fraction * len(scenes), 1)}
    for position, group in enumerate(order):
        groups_left = len(order) - position
        part = "train"
        for name in ("test", "val"):
            # At least one group must remain for each set that is still empty.
            empty_later = sum(not parts[other] for other in ("val", "train") if other != name)
            if len(parts[name]) < round(wanted[name]) and groups_left > empty_later:
                part = name
                break
        parts[part] += members[str(group)]
    train, val, test = (tuple(sorted(parts[name])) for name in ("train", "val", "test"))
    return Splits(train, val, test)


def made_or_read(
    scenes: Sequence[Scene], *, split_file: str | None, seed: int, val_fraction: float, test_fraction: float
) -> Splits:
    """The sets of a file, or those of `split_by_group`, checked. Errors as of these, `read_splits`, `check_splits`."""
    if split_file is None:
        splits = split_by_group(scenes, seed=seed, val_fraction=val_fraction, test_fraction=test_fraction)
    else:
        splits = read_splits(Path(split_file))
    check_splits(splits, scenes, where=split_file or "data splits")
    return splits


def spread_over_groups(scenes: Sequence[Scene], count: int) -> list[int]:
    """The positions of so many scenes, one of each group before a second one of any; all if there are fewer.

    Args:
        scenes: in an order of their own, which the answer keeps.
        count: how many are wanted.
    """
    seen: dict[str, int] = {}
    turn = []
    for position, scene in enumerate(scenes):
        seen[scene.group] = seen.get(scene.group, 0) + 1
        turn.append((seen[scene.group], position))
    return sorted(position for _, position in sorted(turn)[:count])


def check_splits(splits: Splits, scenes: Sequence[Scene], *, where: str) -> None:
    """Refuses splits that leave a set empty, name unknown scenes, or between which a group leaks.

    Raises:
        InputError: naming the first offending scene or group and `where` the splits came from.
    """
    group_of = {scene.id: scene.group for scene in scenes}
    part_of: dict[str, str] = {}
    for part in ("train", "val", "test"):
        if not getattr(splits, part):
            raise InputError(where, f"the set {part!r} is empty", "give it at least one scene")
        for scene_id in getattr(splits, part):
            if scene_id not in group_of:
                raise InputError(
                    where, f"scene {scene_id!r} is not in the data", "use the data that the splits were made from"
                )
            group = group_of[scene_id]
            if not splits.shared and part_of.setdefault(group, part) != part:
                raise InputError(
                    where,
                    f"group {group!r} is in both {part_of[group]} and {part} (scene {scene_id!r})",
                    "keep all scenes of one place or sequence in one set",
                )


def write_splits(path: Path, splits: Splits) -> None:
    """Writes the ids as JSON: {"train": [...], "val": [...], "test": [...], "shared": false}."""
    write_text(path, json.dumps(asdict(splits), indent=1) + "\n")


def read_splits(path: Path) -> Splits:
    """Reads what `write_splits` wrote, or the same written by hand (`shared` may be left out).

    Raises:
        InputError: the file is missing or not of this form.
    """
    cure = 'it should hold {"train": [ids], "val": [ids], "test": [ids]}'
    content = read_json(path, cure=cure)
    with as_input_error(path, cure, "no splits could be read"):
        train, val, test = (tuple(sorted(str(scene) for scene in content[name])) for name in ("train", "val", "test"))
        return Splits(train, val, test, shared=bool(content.get("shared", False)))


def leaking_pairs(splits: Splits, pictures: Mapping[str, Thumbnail]) -> list[tuple[str, str, str, str, float]]:
    """Near-duplicates between sets: (set, scene, other set, other scene, correlation); none if the sets are shared."""
    if splits.shared:
        return []
    parts = {
        name: {scene: pictures[scene] for scene in getattr(splits, name) if scene in pictures}
        for name in ("train", "val", "test")
    }
    return [
        (one, scene, other, twin, alike)
        for one, other in combinations(parts, 2)
        for scene, twin, alike in alike_pairs(parts[one], parts[other])
    ]


def check_leakage(splits: Splits, pictures: Mapping[str, Thumbnail], *, where: str) -> None:
    """Refuses sets between which a picture leaks.

    Raises:
        InputError: naming the pair that is most alike and `where` the sets came from.
    """
    leaks = leaking_pairs(splits, pictures)
    if leaks:
        one, scene, other, twin, alike = max(leaks, key=lambda leak: leak[-1])
        raise InputError(
            where,
            f"{scene!r} in {one} and {twin!r} in {other} show the same picture "
            f"(correlation {alike:.3f}; {len(leaks)} such pairs)",
            "give both one group (sequence file, subfolder or place_group) or exclude one",
        )
