"""What `prepare` is going to write: fixed before the first patch, and the same however often it is resumed."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from twostage_hdr.data.resumable_folder import changed_settings
from twostage_hdr.data.scene import Scene
from twostage_hdr.data.splits import Splits
from twostage_hdr.data.store.cut import even_quota
from twostage_hdr.data.store.layout import FORMAT_VERSION, PARTS
from twostage_hdr.data.store.settings import PatchMaker, StoreSettings, grid_places
from twostage_hdr.errors import InputError

_DECIDING_PACKAGES = ("twostage-hdr", "torch", "numpy", "opencv-python-headless", "pillow", "imagecodecs", "OpenEXR")
"""Other releases may decode or resample differently in the last bit."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """A store's contents, before they exist.

    Attributes:
        settings: patches, places, seed.
        source: what the scenes were read with, in plain words and numbers.
        exposures: names of the frames.
        software: versions.
        scenes: all scenes with their groups.
        splits: the sets.
        quota: patches of each training scene, in the order of `splits.train`.
    """

    settings: StoreSettings
    source: Mapping[str, Any]
    exposures: tuple[str, ...]
    software: Mapping[str, str]
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
        """Plain containers, as `store.json` has them."""
        return {
            "format": FORMAT_VERSION,
            "settings": asdict(self.settings),
            "source": dict(self.source),
            "exposures": list(self.exposures),
            "software": dict(self.software),
            "groups": {scene.id: scene.group for scene in self.scenes},
            "splits": {name: list(getattr(self.splits, name)) for name in PARTS} | {"shared": self.splits.shared},
            "patches": dict(zip(self.splits.train, self.quota, strict=True)),
        }


def make_plan(
    maker: PatchMaker, scenes: Sequence[Scene], splits: Splits, settings: StoreSettings, source: Mapping[str, Any]
) -> Plan:
    """Decides how many patches each training scene gives.

    Raises:
        InputError: no training scenes, or a grid too small for the number of patches.
    """
    by_id = {scene.id: scene for scene in scenes}
    training = [by_id[scene_id] for scene_id in splits.train]
    if not training:
        raise InputError("data splits", "no training scenes", "lower val_fraction and test_fraction")
    capacities = [_capacity(maker, scene, settings) for scene in training]
    total = settings.patches
    if total is None:
        total = sum(capacity or 0 for capacity in capacities)
    if total == 0:
        raise InputError(
            f"patch_size={settings.patch_size}", "larger than every training image", "choose a smaller one"
        )
    quota = even_quota(total, capacities, seed=settings.seed)
    used = {scene_id for name in PARTS for scene_id in getattr(splits, name)}
    return Plan(
        settings=settings,
        source=source,
        exposures=maker.exposures,
        software={name: version(name) for name in _DECIDING_PACKAGES},
        scenes=tuple(scene for scene in scenes if scene.id in used),
        splits=splits,
        quota=tuple(quota),
    )


def _capacity(maker: PatchMaker, scene: Scene, settings: StoreSettings) -> int | None:
    if settings.placement == "random":
        return None
    return len(grid_places(*maker.size(scene), settings.patch_size))


def plan_text(plan: Plan) -> str:
    """The plan as it is written to disk."""
    return json.dumps(plan.as_dict(), indent=1, ensure_ascii=False) + "\n"


def check_same(before: Mapping[str, Any], plan: Plan, out: Path) -> None:
    """Refuses to mix settings, data or versions in one store.

    Raises:
        InputError: naming what differs.
    """
    now = json.loads(plan_text(plan))
    changed = changed_settings(before, now)
    if changed:
        shown = "; ".join(changed[:4]) + (f"; and {len(changed) - 4} more" if len(changed) > 4 else "")
        raise InputError(out, f"holds a store of other settings or data ({shown})", "give the same or another out=DIR")
