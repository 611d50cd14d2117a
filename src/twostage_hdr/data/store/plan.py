"""What `prepare` is going to write: fixed before the first patch, and the same however often it is resumed."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from twostage_hdr.data.resumable_folder import changed_settings
from twostage_hdr.data.scene import Scene
from twostage_hdr.data.splits import Splits
from twostage_hdr.data.store.frames import PatchMaker
from twostage_hdr.data.store.layout import FORMAT_VERSION, PARTS
from twostage_hdr.errors import InputError

PLACEMENTS = ("random", "grid")

_DECIDING_PACKAGES = ("twostage-hdr", "torch", "numpy", "opencv-python-headless", "pillow", "imagecodecs", "OpenEXR")
"""Other releases may decode or resample differently in the last bit."""


@dataclass(frozen=True, kw_only=True)
class StoreSettings:
    """Choices that make one store differ from another made of the same scenes and sets.

    Attributes:
        patches: exact number of training patches; None, with `placement=grid`, takes the whole grid.
        patch_size: side of a patch in px.
        placement: `random` places, as the paper says, or the non-overlapping `grid` of the published code.
        informative: prefer patches that are neither black nor clipped nearly everywhere.
        zoom: largest side of the image region behind a random patch, as a multiple of `patch_size` (log-uniform from
            1); only sources of linear images resample.
        seed: of places, cameras and frozen cameras.

    Raises:
        InputError: an unknown placement, or numbers that cannot work.
    """

    patches: int | None = 7551
    patch_size: int = 256
    placement: str = "random"
    informative: bool = False
    zoom: float = 1.0
    seed: int = 0

    def __post_init__(self) -> None:
        if self.placement not in PLACEMENTS:
            raise InputError(f"placement={self.placement}", f"choose one of {', '.join(PLACEMENTS)}")
        if self.patches is None and self.placement == "random":
            raise InputError("patches=null", "only placement=grid determines the number of patches", "give patches=N")
        if min(1 if self.patches is None else self.patches, self.patch_size, self.zoom) < 1:
            seen = f"patches={self.patches}, patch_size={self.patch_size}, zoom={self.zoom}"
            raise InputError(seen, "all must be at least 1", "raise what is below")


@dataclass(frozen=True, kw_only=True)
class Plan:
    """A store's contents, before they exist.

    Attributes:
        settings: patches, places, seed.
        source: what the scenes were read with, in plain words and numbers.
        exposures: names of the frames.
        scenes: all scenes with their groups.
        splits: the sets.
        quota: patches of each training scene, in the order of `splits.train`.
    """

    settings: StoreSettings
    source: Mapping[str, Any]
    exposures: tuple[str, ...]
    scenes: tuple[Scene, ...]
    splits: Splits
    quota: tuple[int, ...]

    @property
    def patches(self) -> int:
        """Number of training patches."""
        return sum(self.quota)

    def part(self, name: str) -> list[Scene]:
        """The scenes of a set."""
        by_id = {scene.id: scene for scene in self.scenes}
        return [by_id[scene_id] for scene_id in getattr(self.splits, name)]

    def as_dict(self) -> dict[str, Any]:
        """Plain containers, as `store.json` has them, with the versions of the packages that decide."""
        return {
            "format": FORMAT_VERSION,
            "settings": asdict(self.settings),
            "source": dict(self.source),
            "exposures": list(self.exposures),
            "software": {name: version(name) for name in _DECIDING_PACKAGES},
            "groups": {scene.id: scene.group for scene in self.scenes},
            "splits": {name: list(getattr(self.splits, name)) for name in PARTS} | {"shared": self.splits.shared},
            "patches": dict(zip(self.splits.train, self.quota, strict=True)),
        }

    def as_text(self) -> str:
        """The plan as it is written to disk."""
        return json.dumps(self.as_dict(), indent=1, ensure_ascii=False) + "\n"

    def check_same(self, before: Mapping[str, Any], out: Path) -> None:
        """Refuses to mix settings, data or versions in one store.

        Raises:
            InputError: naming what differs from the plan `before` in the folder `out`.
        """
        changed = changed_settings(before, json.loads(self.as_text()))
        if changed:
            shown = "; ".join(changed[:4]) + (f"; and {len(changed) - 4} more" if len(changed) > 4 else "")
            seen = f"holds a store of other settings or data ({shown})"
            raise InputError(out, seen, "give the same or another out=DIR")


def make_plan(
    maker: PatchMaker, scenes: Sequence[Scene], splits: Splits, settings: StoreSettings, source: Mapping[str, Any]
) -> Plan:
    """Decides how many patches each training scene gives.

    Raises:
        InputError: no training scenes, or a grid too small for the number of patches.
    """
    by_id = {scene.id: scene for scene in scenes}
    if not splits.train:
        raise InputError("data splits", "no training scenes", "lower val_fraction and test_fraction")
    side, total = settings.patch_size, settings.patches
    capacities: list[int | None] = [None] * len(splits.train)
    if settings.placement == "grid":
        capacities = [len(grid_places(*maker.size(by_id[scene_id]), side)) for scene_id in splits.train]
    if total is None:
        total = sum(capacity or 0 for capacity in capacities)
    if total == 0:
        raise InputError(f"patch_size={side}", "larger than every training image", "choose a smaller one")
    used = {scene_id for name in PARTS for scene_id in getattr(splits, name)}
    return Plan(
        settings=settings,
        source=source,
        exposures=maker.exposures,
        scenes=tuple(scene for scene in scenes if scene.id in used),
        splits=splits,
        quota=tuple(even_quota(total, capacities, seed=settings.seed)),
    )


def grid_places(height: int, width: int, side: int) -> list[tuple[int, int]]:
    """Top left corners (row, column) of all whole squares of `side` px, side by side from the image's corner."""
    return [(row, column) for row in range(0, height - side + 1, side) for column in range(0, width - side + 1, side)]


def even_quota(total: int, capacities: Sequence[int | None], *, seed: int) -> list[int]:
    """Deals `total` among the scenes as evenly as their capacities allow; the odd ones go to random scenes.

    Args:
        total: the sum of the result.
        capacities: the most each scene can give; None means any number.
        seed: chooses who gets the odd ones.

    Raises:
        InputError: all scenes together cannot give `total`.
    """
    most = np.array([total if capacity is None else capacity for capacity in capacities], dtype=np.int64)
    if most.sum() < total:
        raise InputError(
            f"patches={total}",
            f"a grid over the {len(most)} training scenes has only {most.sum()} patches",
            "give patches=null for all of them, a smaller patch_size or placement=random",
        )
    quota = np.zeros(len(most), dtype=np.int64)
    order = np.random.default_rng(seed).permutation(len(most))
    while (left := total - int(quota.sum())) > 0:
        room = order[quota[order] < most[order]]
        share = left // len(room)
        chosen = room if share else room[:left]
        quota[chosen] = np.minimum(quota[chosen] + max(share, 1), most[chosen])
    return quota.tolist()
