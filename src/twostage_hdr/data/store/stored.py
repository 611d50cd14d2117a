"""A finished store, opened: its description, and its arrays as memory maps."""

import hashlib
import math
import os
from pathlib import Path
from typing import Any

import numpy as np

from twostage_hdr.boundary.numpy_file import load_npy
from twostage_hdr.boundary.refusal import as_input_error, printable
from twostage_hdr.boundary.regular_file import read_text, regular_file
from twostage_hdr.boundary.structured_text import read_json
from twostage_hdr.data.scene import Scene
from twostage_hdr.data.splits import Splits
from twostage_hdr.data.store.layout import (
    CHECKSUMS,
    FORMAT_VERSION,
    FROZEN_PARTS,
    PARTS,
    PATCH_SUMS,
    PER_ITEM,
    STORE,
    WORK,
    frozen_path,
    ldr_shape,
    patch_sum,
    reference_shape,
)
from twostage_hdr.errors import InputError
from twostage_hdr.radiometry.photometry import REFERENCE_CAP


class Stored:
    """Opens the files when they are first read, so that every worker process has its own maps and copies nothing.

    Args:
        root: the store's folder.

    Attributes:
        exposures: names of the frames.
        side: of a patch in px.
        cap: of the source that it was made of.
        scenes: all scenes.
        splits: the sets.
        scene_of: scene id of each patch.

    Raises:
        InputError: no finished store there, one of another format, or one that was copied in part.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        content = _read_description(root)
        with as_input_error(root / STORE, _COPY_AGAIN, "not a store's description"):
            self.exposures: tuple[str, ...] = tuple(str(name) for name in content["exposures"])
            self.side = int(content["settings"]["patch_size"])
            self.seed = int(content["settings"]["seed"])
            self.cap = float(content.get("source", {}).get("cap", REFERENCE_CAP))
            self.scenes = [Scene(str(name), str(group)) for name, group in content["groups"].items()]
            train, val, test = (tuple(str(name) for name in content["splits"][part]) for part in PARTS)
            self.splits = Splits(train, val, test, shared=bool(content["splits"]["shared"]))
            counts = {str(name): int(count) for name, count in content["patches"].items()}
            if not 0 < self.cap < math.inf:
                raise ValueError(f"cap {self.cap}")
            if min(counts.values(), default=0) < 0 or not {*train, *val, *test, *counts} <= content["groups"].keys():
                raise ValueError("patches or sets of unknown scenes")
        self._arrays: dict[str, np.ndarray] = {}
        self._check_files(sum(counts.values()))
        self.scene_of = [name for name, count in counts.items() for _ in range(count)]
        self._checked = np.zeros(len(self), bool)

    def __len__(self) -> int:
        return len(self.scene_of)

    def array(self, name: str) -> np.ndarray:
        """`train/ldr`, `val/stops`, ...: the large ones mapped, the small ones compared with their sha256.

        Raises:
            InputError: damaged, or not of the store's types.
        """
        if name not in self._arrays:
            path = self.root / f"{name}.npy"
            if name not in _LARGE:
                check_sum(self.root, f"{name}.npy")
            mapped = load_npy(path, mapped="r", cure=_COPY_AGAIN)
            wanted = next((dtype for end, dtype in _DTYPES.items() if name.endswith(end)), "float64")
            if mapped.dtype != wanted:
                raise InputError(path, f"values of type {mapped.dtype} instead of {wanted}", _COPY_AGAIN)
            # The plain view of a map: slicing a np.memmap itself costs as much as reading a crop.
            self._arrays[name] = mapped.view(np.ndarray)
        return self._arrays[name]

    def patch(self, number: int) -> tuple[np.ndarray, np.ndarray]:
        """Frames and reference of a training patch, compared with their CRC-32 when this process first reads them.

        Raises:
            InputError: damaged.
        """
        ldr, reference = self.array("train/ldr")[number], self.array("train/reference")[number]
        if not self._checked[number]:
            if (self.root / f"{PATCH_SUMS}.npy").is_file():
                sums = self.array(PATCH_SUMS)
                if len(sums) != len(self) or patch_sum(ldr, reference) != sums[number]:
                    raise InputError(self.root / "train", f"patch {number} is damaged", _COPY_AGAIN)
            self._checked[number] = True
        return ldr, reference

    def frozen(self, part: str, number: int) -> tuple[np.ndarray, np.ndarray]:
        """Frames and reference of a whole image, mapped.

        Raises:
            InputError: damaged, or of sizes that do not fit.
        """
        names = [frozen_path(Path(), part, number, kind).with_suffix("").as_posix() for kind in ("ldr", "reference")]
        ldr, reference = (self.array(name) for name in names)
        if reference.shape[2:] != (3,) or ldr.shape != (len(self.exposures), *reference.shape) or not reference.size:
            raise InputError(
                f"{self.root / names[0]}.npy", f"shape {ldr.shape} for a reference of {reference.shape}", _COPY_AGAIN
            )
        return ldr, reference

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

    def _check_files(self, count: int) -> None:
        exposures = len(self.exposures)
        wanted = {
            "train/ldr": ldr_shape(count, exposures, self.side),
            "train/reference": reference_shape(count, self.side),
        }
        for part, number in (("train", count), *((part, len(getattr(self.splits, part))) for part in FROZEN_PARTS)):
            wanted |= {f"{part}/{name}": (number, exposures) if name == "stops" else (number,) for name in PER_ITEM}
        for name, shape in wanted.items():
            found = self.array(name)
            if found.shape != shape:
                raise InputError(f"{self.root / name}.npy", f"shape {found.shape} instead of {shape}", _COPY_AGAIN)
            if name not in _LARGE and not (np.isfinite(found).all() and (name.endswith("stops") or (found > 0).all())):
                raise InputError(f"{self.root / name}.npy", "holds values that are no exposure or scale", _COPY_AGAIN)


_COPY_AGAIN = "copy the store again and check it with `sha256sum -c SHA256SUMS`"

_LARGE = ("train/ldr", "train/reference")
"""Arrays of many gigabytes, checked patch by patch."""

_DTYPES = {"ldr": "uint8", "reference": "uint16", "crc32": "uint32"}


def _read_description(root: Path) -> dict[str, Any]:
    path = root / STORE
    if not os.path.lexists(path):
        if (root / WORK).is_dir():
            raise InputError(root, "its preparation is not finished", "give the same prepare command again")
        raise InputError(
            f"data.root={root}", f"no {STORE} in it", f"make a store with `twostage-hdr prepare ... out={root}`"
        )
    check_sum(root, STORE)
    content: dict[str, Any] = read_json(path, cure=_COPY_AGAIN)
    if content.get("format") != FORMAT_VERSION:
        found = printable(str(content.get("format", "none")))
        raise InputError(path, f"format {found}, this version reads {FORMAT_VERSION}", "prepare the store again")
    return content


def check_sum(root: Path, name: str) -> None:
    """Compares one of a store's files with its line in SHA256SUMS, if there is one.

    Raises:
        InputError: it is damaged.
    """
    if not (root / CHECKSUMS).exists():
        return
    lines = read_text(root / CHECKSUMS, cure=_COPY_AGAIN).splitlines()
    known = [line[:64] for line in lines if line[64:] == f"  {name}"]
    regular_file(root / name, cure=_COPY_AGAIN)
    with (root / name).open("rb") as file:
        if known and hashlib.file_digest(file, "sha256").hexdigest() != known[0]:
            raise InputError(root / name, "damaged: its sha256 is not that of SHA256SUMS", _COPY_AGAIN)
