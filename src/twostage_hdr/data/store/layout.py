"""Which files a store consists of.

    DIR/README.txt            how to read it
    DIR/store.json            settings, versions, sets, groups: written last, so its presence means "complete"
    DIR/sources.csv           file, bytes, sha256 of everything that was read
    DIR/SHA256SUMS            of the store's own files, for `sha256sum -c SHA256SUMS`
    DIR/train/ldr.npy         uint8  (N, E, P, P, 3)   the frames, E exposures of each patch
    DIR/train/reference.npy   uint16 (N, P, P, 3)      16-bit reference, gamma 2.24: encoded = reference / alignratio
    DIR/train/alignratio.npy  float64 (N,)
    DIR/train/stops.npy       float64 (N, E)           exposure of a frame above the one that the reference is scaled to
    DIR/train/scale.npy       float64 (N,)             linear units of the source to linear reference
    DIR/train/crc32.npy       uint32 (N,)              checksum of each patch's ldr and reference, see `patch_sum`
    DIR/train/patches.csv     patch, scene, row, column, zoom
    DIR/val, DIR/test         whole frozen images: 0000_ldr.npy (E, H, W, 3), 0000_reference.npy (H, W, 3), ...,
                              alignratio.npy, stops.npy, scale.npy, scenes.csv

On frame e's own scale the reference is encoded * 2^(stops[e] / 2.24). The 8-bit reference of stage I is its minimum
with 1.0 and therefore not stored.
"""

import os
import zlib
from pathlib import Path

import numpy as np

from twostage_hdr.boundary.numpy_file import load_npy
from twostage_hdr.errors import InputError
from twostage_hdr.imaging.atomic import atomic_path

FORMAT_VERSION = 1

STORE = "store.json"

SOURCES = "sources.csv"

CHECKSUMS = "SHA256SUMS"

README = "README.txt"

WORK = ".prepare"
"""Plan and records of an unfinished store; gone when it is complete."""

PARTS = ("train", "val", "test")

FROZEN_PARTS = ("val", "test")

PER_ITEM = ("alignratio", "stops", "scale")
"""The arrays of one row per patch or per whole image."""

PATCH_SUMS = "train/crc32"

START_AGAIN = "remove the folder and prepare the store again"


def patch_sum(ldr: np.ndarray, reference: np.ndarray) -> int:
    """CRC-32 of a patch's bytes, its frames and then its reference."""
    return zlib.crc32(np.ascontiguousarray(reference).data, zlib.crc32(np.ascontiguousarray(ldr).data))


def train_arrays(patches: int, exposures: int, side: int) -> dict[str, tuple[str, tuple[int, ...]]]:
    """Type and shape of the large arrays of patches, by name."""
    return {"ldr": ("uint8", (patches, exposures, side, side, 3)), "reference": ("uint16", (patches, side, side, 3))}


def frozen_path(root: Path, part: str, number: int, kind: str) -> Path:
    """A whole image's file; `kind` is ldr or reference."""
    return root / part / f"{number:04d}_{kind}.npy"


def readme(patches: int, exposures: tuple[str, ...], side: int) -> str:
    """What a stranger needs to know."""
    return (
        f"{patches} training patches of {side} x {side} px and whole images for validation and test.\n"
        f"Exposures, in the order of the second axis of ldr: {', '.join(exposures)}.\n\n"
        "import numpy as np\n"
        'ldr = np.load("train/ldr.npy", mmap_mode="r")            # uint8 (patch, exposure, row, column, RGB)\n'
        'stored = np.load("train/reference.npy", mmap_mode="r")   # uint16 (patch, row, column, RGB)\n'
        'encoded = stored[0] / np.load("train/alignratio.npy")[0]\n\n'
        "Linear light is encoded ** 2.24; encoded 1.0 is where the frame whose stops are 0 clips.\n"
        "On the scale of exposure e: encoded * 2 ** (np.load('train/stops.npy')[0, e] / 2.24).\n"
        "8-bit reference: np.minimum(encoded, 1). Check a copy: sha256sum -c SHA256SUMS.\n"
    )


def reserve(path: Path, dtype: str, shape: tuple[int, ...]) -> None:
    """Makes the file with its header and zeros, unless it is there; on most file systems it takes no room yet."""
    if path.is_file():
        return
    with atomic_path(path) as temporary:
        np.lib.format.open_memmap(temporary, mode="w+", dtype=dtype, shape=shape).flush()


def fill_slots(path: Path, first: int, values: np.ndarray) -> None:
    """Writes consecutive rows from `first` on and waits until they have reached the disk.

    Plain writes rather than a memory map, so that a full disk is an error and not a killed process.

    Raises:
        InputError: the file is not the reserved one.
    """
    mapped = load_npy(path, mapped="r", cure=START_AGAIN)
    fits = (values.dtype, values.shape[1:]) == (mapped.dtype, mapped.shape[1:]) and first + len(values) <= len(mapped)
    if not fits or not isinstance(mapped, np.memmap):
        raise InputError(path, f"shape {mapped.shape} of {mapped.dtype}, not what was reserved", START_AGAIN)
    offset = mapped.offset + first * mapped[0:1].nbytes
    with path.open("r+b") as file:
        file.seek(offset)
        file.write(np.ascontiguousarray(values).data)
        file.flush()
        os.fsync(file.fileno())


def write_array(path: Path, values: np.ndarray) -> None:
    """A whole .npy file, atomically."""
    with atomic_path(path) as temporary:
        np.save(temporary, values)
