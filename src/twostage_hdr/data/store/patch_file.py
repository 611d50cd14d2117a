"""The large .npy files of the training patches: made at full size at once, filled in any order."""

import os
from pathlib import Path

import numpy as np

from twostage_hdr.imaging.atomic import atomic_path


def reserve(path: Path, dtype: str, shape: tuple[int, ...]) -> None:
    """Makes the file with its header and zeros, unless it is there; on most file systems it takes no room yet."""
    if path.is_file():
        return
    with atomic_path(path) as temporary:
        np.lib.format.open_memmap(temporary, mode="w+", dtype=dtype, shape=shape).flush()


def fill_slots(path: Path, first: int, values: np.ndarray) -> None:
    """Writes consecutive rows from `first` on and waits until they have reached the disk.

    Plain writes rather than a memory map, so that a full disk is an error and not a killed process.
    """
    mapped = np.load(path, mmap_mode="r")
    assert isinstance(mapped, np.memmap)
    assert (values.dtype, values.shape[1:]) == (mapped.dtype, mapped.shape[1:])
    assert first + len(values) <= len(mapped)
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
