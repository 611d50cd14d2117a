"""NumPy's .npy from outside: plain numbers, of the size that the file has."""

from pathlib import Path
from typing import Literal

import numpy as np

from twostage_hdr.boundary.quiet import quiet_libraries
from twostage_hdr.boundary.refusal import as_input_error
from twostage_hdr.boundary.regular_file import regular_file
from twostage_hdr.errors import InputError

NUMBERS = "biuf"
"""Kinds of `numpy.dtype` that hold plain real numbers."""


def load_npy(
    path: str | Path,
    *,
    kinds: str = NUMBERS,
    at_most: int | None = None,
    mapped: Literal["r", "c"] | None = None,
    cure: str = "write it with numpy.save",
) -> np.ndarray:
    """Reads one array.

    Args:
        path: the .npy file.
        kinds: of dtype that may be there, letters of `numpy.dtype.kind`; never objects, whatever is given.
        at_most: largest number of elements.
        mapped: left on disk (`mmap_mode`) instead of read.
        cure: what to do if it cannot be used.

    Raises:
        InputError: not a readable file, no .npy, of other kinds, of too many elements, or cut short.
    """
    regular_file(path, cure=cure)
    with quiet_libraries(), as_input_error(path, cure, "cut short, or no NumPy file of numbers"):
        # NumPy maps what the file has and no more, and no objects.
        found: np.ndarray = np.lib.format.open_memmap(path, mode=mapped or "r")
    if found.dtype.kind not in kinds:
        raise InputError(path, f"values of type {found.dtype}, where plain numbers are expected", cure)
    if at_most is not None and found.size > at_most:
        raise InputError(path, f"shape {found.shape}, where at most {at_most} values are expected", cure)
    with as_input_error(path, cure):
        return found if mapped else np.load(path, allow_pickle=False)
