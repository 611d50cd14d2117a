"""A finished store, opened: its description, and its arrays as memory maps."""

import hashlib
import math
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from twostage_hdr.boundary.numpy_file import load_npy
from twostage_hdr.boundary.refusal import as_input_error, printable
from twostage_hdr.boundary.regular_file import read_text, regular_file
from twostage_hdr.boundary.structured_text import read_json
from twostage_hdr.camera.response import GammaResponse
from twostage_hdr.data.scene import Scene
from twostage_hdr.data.splits import Splits
from twostage_hdr.data.store.layout import (
    CHECKSUMS,
    FORMAT_VERSION,
    PARTS,
    PATCH_SUMS,
    PER_ITEM,
    STORE,
    WORK,
    frozen_path,
    patch_sum,
    train_arrays,
)
from twostage_hdr.errors import InputError
from twostage_hdr.radiometry.photometry import REFERENCE_CAP

_COPY_AGAIN = "copy the store again and check it with `sha256sum -c SHA256SUMS`"


class Stored:
    """Opens the files when they are first read, so that every worker process has its own maps and copies nothing.

    Args:
        root: the store's folder.

    Attributes:
        exposures: names of the frames.
        side: of a patch in px.
        response: of the frames: a gamma, `srgb`, `estimated` where it is not known; None for HdM's.
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
            source = content.get("source", {})
            self.cap = float(source.get("cap", REFERENCE_CAP))
            self.response = _response(source)
            self.scenes = [Scene(str(name), str(group)) for name, group in content["groups"].items()]
            train, val, test = (tuple(str(name) for name in content["splits"][part]) for part in PARTS)
            self.splits = Splits(train, val, test, shared=bool(content["splits"]["shared"]))
            counts = {str(name): int(count) for name, count in content["patches"].items()}
            if not 0 < self.cap < math.inf:
                raise ValueError(f"cap {self.cap}")
            if min(counts.values(), default=0) < 0 or not {*train, *val, *test, *counts} <= content["groups"].keys():
                raise ValueError("patches or sets of unknown scenes")
        self._arrays: dict[str, np.ndarray] = {}
        items = {"train": sum(counts.values()), "val": len(val), "test": len(test)}
        arrays = train_arrays(items["train"], len(self.exposures), self.side)
        self._large = {f"train/{name}": known for name, known in arrays.items()}
        self._known = self._large | {PATCH_SUMS: ("uint32", (items["train"],))}
        for part, count in items.items():
            shapes = {name: (count, len(self.exposures)) if name == "stops" else (count,) for name in PER_ITEM}
            self._known |= {f"{part}/{name}": ("float64", shape) for name, shape in shapes.items()}
        for name in (name for name in self._known if name != PATCH_SUMS):
            array = self.array(name)
            if name not in self._large and not (np.isfinite(array) & (name.endswith("stops") or array > 0)).all():
                raise InputError(f"{root / name}.npy", "holds values that are no exposure or scale", _COPY_AGAIN)
        self.scene_of = [name for name, count in counts.items() for _ in range(count)]
        self._checked = np.zeros(len(self), bool)

    def __len__(self) -> int:
        return len(self.scene_of)

    def array(self, name: str) -> np.ndarray:
        """`train/ldr`, `val/stops`, ...: mapped; all but the two large ones compared with their sha256.

        Raises:
            InputError: damaged, or not of the store's types and sizes.
        """
        if name not in self._arrays:
            path = self.root / f"{name}.npy"
            if name not in self._large:
                check_sum(self.root, f"{name}.npy")
            mapped = load_npy(path, mapped="r", cure=_COPY_AGAIN)
            dtype, shape = self._known.get(name, (mapped.dtype, mapped.shape))
            if (mapped.dtype, mapped.shape) != (dtype, shape):
                seen = f"{mapped.dtype} of shape {mapped.shape} instead of {shape} of {dtype}"
                raise InputError(path, seen, _COPY_AGAIN)
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
            known = (self.root / f"{PATCH_SUMS}.npy").is_file()
            if known and patch_sum(ldr, reference) != self.array(PATCH_SUMS)[number]:
                raise InputError(self.root / "train", f"patch {number} is damaged", _COPY_AGAIN)
            self._checked[number] = True
        return ldr, reference

    def frozen(self, part: str, number: int) -> tuple[np.ndarray, np.ndarray]:
        """Frames and reference of a whole image, mapped.

        Raises:
            InputError: damaged, or of types and sizes that do not fit.
        """
        names = [frozen_path(Path(), part, number, kind).with_suffix("").as_posix() for kind in ("ldr", "reference")]
        ldr, reference = (self.array(name) for name in names)
        fits = ldr.shape == (len(self.exposures), *reference.shape) and reference.shape[2:] == (3,)
        if not fits or not reference.size or (ldr.dtype, reference.dtype) != (np.uint8, np.uint16):
            seen = f"{ldr.dtype} of shape {ldr.shape} for a reference of {reference.shape}, {reference.dtype}"
            raise InputError(f"{self.root / names[0]}.npy", seen, _COPY_AGAIN)
        return ldr, reference

    def __getstate__(self) -> dict[str, Any]:
        """Worker processes map the files themselves."""
        return self.__dict__ | {"_arrays": {}}


def _response(source: Mapping[str, Any]) -> str | float | None:
    """Of a source's settings: of pairs, or of a virtual camera, whose responses but one are drawn."""
    if "camera" not in source:
        return source.get("response")
    response = source["camera"]["response"]
    return float(response["gamma"]) if response["_target_"].endswith(GammaResponse.__name__) else "estimated"


def _read_description(root: Path) -> dict[str, Any]:
    path = root / STORE
    if not os.path.lexists(path):
        if (root / WORK).is_dir():
            seen = f"its preparation is not finished ({WORK} is still in it)"
            raise InputError(f"data.root={root}", seen, "give the same prepare command again")
        cure = f"make a store with `twostage-hdr prepare ... out={root}`"
        raise InputError(f"data.root={root}", f"no {STORE} in it", cure)
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
