"""NumPy's .npy from outside: plain numbers, of the size that the file has."""

import math
from pathlib import Path
from typing import BinaryIO, Literal

import numpy as np

from twostage_hdr.boundary.quiet import quiet_libraries
from twostage_hdr.boundary.refusal import as_input_error
from twostage_hdr.boundary.regular_file import open_regular
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
    with open_regular(path, cure=cure) as file:
        size = Path(path).stat().st_size
        with quiet_libraries(), as_input_error(path, cure, "no readable NumPy file"):
            shape, dtype = _header(file)
            elements = math.prod(shape)
        if dtype.hasobject or dtype.kind not in kinds:
            raise InputError(path, f"values of type {dtype}, where plain numbers are expected", cure)
        if at_most is not None and elements > at_most:
            raise InputError(path, f"shape {shape}, where at most {at_most} values are expected", cure)
        if elements * dtype.itemsize > size - file.tell():
            raise InputError(path, f"cut short: shape {shape} of {dtype} in {size} bytes", cure)
        with as_input_error(path, cure, "no readable NumPy file"):
            if mapped:
                return np.load(path, mmap_mode=mapped, allow_pickle=False)
            file.seek(0)
            loaded: np.ndarray = np.load(file, allow_pickle=False)
            return loaded


def _header(file: BinaryIO) -> tuple[tuple[int, ...], np.dtype]:
    version = np.lib.format.read_magic(file)
    if version not in ((1, 0), (2, 0)):  # the third is for names of fields, which plain numbers have not
        raise ValueError(f"format version {version[0]}.{version[1]}")
    read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, _, dtype = read(file)
    if any(length < 0 for length in shape):
        raise ValueError(f"shape {shape}")
    return shape, dtype
