"""A finished store, opened: its description, and its arrays as memory maps."""

import json
from pathlib import Path
from typing import Any

import numpy as np

from twostage_hdr.data.scene import Scene
from twostage_hdr.data.splits import Splits
from twostage_hdr.data.store.layout import (
    FORMAT_VERSION,
    PARTS,
    STORE,
    WORK,
    frozen_path,
    ldr_shape,
    reference_shape,
)
from twostage_hdr.errors import InputError


class Stored:
    """Opens the files when they are first read, so that every worker process has its own maps and copies nothing.

    Args:
        root: the store's folder.

    Attributes:
        exposures: names of the frames.
        side: of a patch in px.
        scenes: all scenes.
        splits: the sets.
        scene_of: scene id of each patch.

    Raises:
        InputError: no finished store there, one of another format, or one that was copied in part.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        description = _read_description(root)
        self.exposures: tuple[str, ...] = tuple(description["exposures"])
        self.side = int(description["settings"]["patch_size"])
        self.seed = int(description["settings"]["seed"])
        self.scenes = [Scene(name, group) for name, group in description["groups"].items()]
        train, val, test = (tuple(description["splits"][name]) for name in PARTS)
        self.splits = Splits(train, val, test, shared=bool(description["splits"]["shared"]))
        self.scene_of = [name for name, count in description["patches"].items() for _ in range(count)]
        self._arrays: dict[str, np.ndarray] = {}
        self._check_files()

    def __len__(self) -> int:
        return len(self.scene_of)

    def array(self, name: str) -> np.ndarray:
        """`train/ldr`, `val/stops`, ...: the large ones mapped, the small ones read."""
        if name not in self._arrays:
            path = self.root / f"{name}.npy"
            try:
                mapped = np.load(path, mmap_mode="r", allow_pickle=False)
            except (OSError, ValueError) as error:
                raise InputError(path, f"cannot be read ({error})", f"{_COPY_AGAIN}") from error
            # The plain view of a map: slicing a np.memmap itself costs as much as reading a crop.
            self._arrays[name] = mapped.view(np.ndarray)
        return self._arrays[name]

    def frozen(self, part: str, number: int, kind: str) -> np.ndarray:
        """A whole image's array, mapped; `kind` is ldr or reference."""
        return self.array(frozen_path(Path(), part, number, kind).with_suffix("").as_posix())

    def whole_images(self) -> dict[str, tuple[str, int]]:
        """Set and number of each scene that is stored whole."""
        return {
            scene_id: (part, number)
            for part in ("test", "val")
            for number, scene_id in enumerate(getattr(self.splits, part))
        }

    def __getstate__(self) -> dict[str, Any]:
        """Worker processes map the files themselves."""
        return self.__dict__ | {"_arrays": {}}

    def _check_files(self) -> None:
        wanted = {
            "train/ldr": ldr_shape(len(self), len(self.exposures), self.side),
            "train/reference": reference_shape(len(self), self.side),
        }
        for name, shape in wanted.items():
            found = self.array(name).shape
            if found != shape:
                raise InputError(f"{self.root / name}.npy", f"shape {found} instead of {shape}", f"{_COPY_AGAIN}")


_COPY_AGAIN = "copy the store again and check it with `sha256sum -c SHA256SUMS`"


def _read_description(root: Path) -> dict[str, Any]:
    path = root / STORE
    if not path.is_file():
        if (root / WORK).is_dir():
            raise InputError(root, "its preparation is not finished", "give the same prepare command again")
        raise InputError(
            f"data.root={root}", f"no {STORE} in it", f"make a store with `twostage-hdr prepare ... out={root}`"
        )
    try:
        description: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        found = description["format"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(path, f"not a store's description ({error!r})", f"{_COPY_AGAIN}") from error
    if found != FORMAT_VERSION:
        raise InputError(path, f"format {found}, this version reads {FORMAT_VERSION}", "prepare the store again")
    return description
