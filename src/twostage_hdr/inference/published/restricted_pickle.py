"""Published weights that are pickles, read without running the code that they name."""

import math
import zipfile
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import numpy as np

from twostage_hdr.boundary.plain_pickle import Inert, PlainUnpickler
from twostage_hdr.boundary.refusal import as_input_error
from twostage_hdr.boundary.regular_file import open_regular, regular_file
from twostage_hdr.boundary.torch_file import read_torch_file
from twostage_hdr.errors import InputError

MAX_BYTES = 2**30
"""Largest array file that is unpacked, bytes; HDRCNN's is 118 MB."""

_SMALL, _PACKING = 2**24, 20
"""An array may unpack to so many bytes, and beyond them to so many times its packed size: weights hardly pack."""

_FINE = frozenset("biuf")
"""Kinds of numbers that a list of weights may hold."""


def load_inert(path: Path) -> object:
    """What `torch.save` wrote into the file, on the CPU, with `Inert` objects in place of foreign ones.

    Reads the zip format and the older format before it (torch < 1.6), but neither tar files (torch < 0.1.10) nor
    TorchScript.

    Args:
        path: a file written by `torch.save`.

    Returns:
        The object: containers, numbers, strings and tensors as they are; parameters as plain tensors without gradient.

    Raises:
        InputError: the file is missing, of another format, or broken.
    """
    regular_file(path, cure="give the checkpoint's path")
    with as_input_error(path, "download it again", "not readable as a torch checkpoint"):
        return read_torch_file(path, foreign_objects=True)


def read_object_array(path: Path, name: str) -> list[np.ndarray]:
    """The arrays inside the object array `name` of an `.npz` archive.

    Raises:
        InputError: The archive, the array or its contents are not that.
    """
    cure = "give the published .npz archive"
    with (
        open_regular(path, cure=cure) as file,
        as_input_error(path, cure, f"not an .npz archive with an array '{name}'"),
        zipfile.ZipFile(file) as archive,
    ):
        entry = archive.getinfo(f"{name}.npy")
        limit = min(MAX_BYTES, _SMALL + _PACKING * entry.compress_size)
        if entry.file_size > limit:
            raise InputError(path, f"'{name}' unpacks to {entry.file_size} bytes, more than {limit}", cure)
        with archive.open(entry) as content, as_input_error(path, cure, f"'{name}' is not a list of arrays"):
            return _parse(content)


def _parse(content: Any) -> list[np.ndarray]:
    version = np.lib.format.read_magic(content)
    read_header = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    _shape, _order, dtype = read_header(content)
    if not dtype.hasobject:
        raise ValueError(f"it holds {dtype} values")
    outer = _ArrayUnpickler(content).load()
    if not isinstance(outer, _Array):
        raise ValueError(f"it holds a {type(outer).__name__}")
    arrays = []
    for index, inner in enumerate(outer.items()):
        if not isinstance(inner, _Array):
            raise ValueError(f"its element {index} is no array of numbers")
        arrays.append(inner.numbers(index))
    return arrays


class _Dtype:
    """A type as a pickle gives it: a code such as `f4`, then the byte order in its state."""

    def __init__(self, code: object, *_flags: object) -> None:
        self.code, self.order = str(code), "|"

    def numpy(self, index: int) -> np.dtype:
        if self.code[:1] not in _FINE or not self.code[1:].isdigit() or self.order not in "<>|=":
            raise ValueError(f"its element {index} is no array of numbers")
        return np.dtype(self.order + self.code)


class _Array:
    """An array as a pickle gives it; NumPy sees it only after its size has been compared with its bytes."""

    def __init__(self, *_empty: object) -> None:
        self.state: tuple[Any, ...] = ()

    def items(self) -> list[Any]:
        """The elements of an array of objects, which a pickle gives as a list."""
        if len(self.state) != 5 or not isinstance(self.state[4], list):
            raise ValueError("it holds no objects")
        return self.state[4]

    def numbers(self, index: int) -> np.ndarray:
        """The array."""
        if len(self.state) != 5 or not isinstance(self.state[2], _Dtype):
            raise ValueError(f"its element {index} is no array of numbers")
        _version, shape, kind, columns_first, content = self.state
        dtype = kind.numpy(index)
        raw = content.encode("latin1") if isinstance(content, str) else content  # Python 2's byte strings
        sizes_fit = isinstance(shape, tuple) and all(isinstance(side, int) and side >= 0 for side in shape)
        if not sizes_fit or not isinstance(raw, bytes) or math.prod(shape) * dtype.itemsize != len(raw):
            raise ValueError(f"its element {index} has shape {shape} and other bytes")
        return np.frombuffer(raw, dtype).reshape(shape, order="F" if columns_first else "C").copy()


class _ArrayUnpickler(PlainUnpickler):
    """Resolves the names with which NumPy pickles arrays, and no other."""

    def find_class(self, module: str, name: str) -> Any:
        if name == "_reconstruct" and module in {"numpy.core.multiarray", "numpy._core.multiarray"}:
            return _Array
        if module == "numpy" and name in {"ndarray", "dtype"}:
            return {"ndarray": Inert, "dtype": _Dtype}[name]
        if (module, name) == ("_codecs", "encode"):
            return lambda text, _encoding: str(text).encode("latin1")  # how protocol 2 writes a byte string
        return super().find_class(module, name)

    def build(self, made: object, state: object) -> None:
        if isinstance(made, _Array) and isinstance(state, tuple):
            made.state = state
        elif isinstance(made, _Dtype) and isinstance(state, tuple) and len(state) > 1 and isinstance(state[1], str):
            made.order = state[1]
        else:
            raise UnpicklingError("it gives a state to what has none")
