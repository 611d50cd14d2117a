"""Read a torch file without running the code that it names.

A pickle is a program: a plain `torch.load` of a stranger's file may call any function. Here tensors, storages and
ordered dictionaries are rebuilt; every other class or function that the file names becomes an `Inert` object.
"""

import io
import pickle
import tarfile
import zipfile
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import IO, Any

import numpy as np
import torch

from twostage_hdr.errors import InputError


def load_inert(path: Path) -> object:
    """What `torch.save` wrote into the file, on the CPU, with inert objects in place of foreign ones.

    Reads the zip format and the older format before it (torch < 1.6), but neither tar files (torch < 0.1.10) nor
    TorchScript.

    Args:
        path: a file written by `torch.save`.

    Returns:
        The object: containers, numbers, strings and tensors as they are; parameters as plain tensors without gradient.

    Raises:
        InputError: the file is missing, of another format, or broken.
    """
    if not path.is_file():
        raise InputError(path, "no such file", "give the checkpoint's path")
    _refuse_other_containers(path)
    restricted = SimpleNamespace(Unpickler=_InertUnpickler, load=_load, __name__=__name__)
    try:
        return torch.load(path, map_location="cpu", weights_only=False, pickle_module=restricted)
    except Exception as error:  # a broken pickle raises anything: EOFError, KeyError, RuntimeError, UnicodeDecodeError
        reason = " ".join(str(error).split())[:120]
        raise InputError(
            path, f"not readable as a torch checkpoint ({type(error).__name__}: {reason})", "download it again"
        ) from error


class Inert:
    """Stands for an object of a foreign class: takes whatever the pickle gives it and forgets it."""

    def __init__(self, *_arguments: object) -> None:
        pass

    def __setstate__(self, _state: object) -> None:
        pass

    def __setitem__(self, _key: object, _value: object) -> None:
        pass

    def append(self, _item: object) -> None:
        """Forgets the item of a list's subclass."""

    def extend(self, _items: object) -> None:
        """Forgets the items of a list's subclass."""

    def add(self, _item: object) -> None:
        """Forgets the item of a set's subclass."""


class _Rebuild:
    """A function that a pickle may call but not alter (`__setstate__` takes the place of setting attributes)."""

    __slots__ = ("function",)

    def __init__(self, function: Callable[..., torch.Tensor]) -> None:
        self.function = function

    def __call__(self, *arguments: object) -> torch.Tensor:
        return self.function(*arguments)

    def __setstate__(self, _state: object) -> None:
        pass


def _rebuild_tensor(storage: Any, offset: int, size: tuple, stride: tuple, *_autograd: object) -> torch.Tensor:
    """A tensor that views the storage; torch checks the bounds. Gradient flag, hooks and metadata are left out."""
    return torch._utils._rebuild_tensor(storage, offset, size, stride)


def _rebuild_parameter(data: torch.Tensor, *_autograd: object) -> torch.Tensor:
    """The parameter's values."""
    return data


_ALLOWED: dict[tuple[str, str], object] = {
    ("collections", "OrderedDict"): OrderedDict,
    ("torch", "Size"): torch.Size,
    ("torch._utils", "_rebuild_tensor"): _Rebuild(_rebuild_tensor),
    ("torch._utils", "_rebuild_tensor_v2"): _Rebuild(_rebuild_tensor),
    ("torch._utils", "_rebuild_parameter"): _Rebuild(_rebuild_parameter),
}
"""What a pickle gets under its own name. Storage types are resolved by torch before it asks the unpickler."""


class _InertUnpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str, /) -> Any:
        return _ALLOWED.get((module, name), Inert)


def _load(file: IO[bytes], encoding: str = "ASCII") -> Any:
    """`pickle.load`, restricted: torch reads the older format's header and its list of storages with it."""
    return _InertUnpickler(file, encoding=encoding).load()


def _refuse_other_containers(path: Path) -> None:
    """TorchScript would be compiled, and a tar unpacked, by torch itself, past the unpickler."""
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            if any(name.endswith("constants.pkl") for name in archive.namelist()):
                raise InputError(path, "a TorchScript archive", "give a checkpoint written by torch.save")
    elif tarfile.is_tarfile(path):
        raise InputError(path, "a tar archive", "give a checkpoint written by torch.save of version 0.1.10 or later")


MAX_BYTES = 2**30
"""Largest array file that is unpacked, bytes; HDRCNN's is 118 MB."""

_FINE = frozenset("biuf")  # kinds of numbers that a list of weights may hold


def read_object_array(path: Path, name: str) -> list[np.ndarray]:
    """The arrays inside the object array `name` of an `.npz` archive.

    Of everything a pickle can name, only NumPy's own array, type and (Python 2's) byte string are built.

    Raises:
        InputError: The archive, the array or its contents are not that.
    """
    if not path.is_file():
        raise InputError(path, "no such file", "give the published .npz archive")
    try:
        with zipfile.ZipFile(path) as archive:
            size = archive.getinfo(f"{name}.npy").file_size
            if size > MAX_BYTES:
                raise InputError(path, f"'{name}' unpacks to {size} bytes, more than {MAX_BYTES}", "download it again")
            content = archive.read(f"{name}.npy")
    except (zipfile.BadZipFile, KeyError, OSError, NotImplementedError) as error:
        raise InputError(path, f"not an .npz archive with an array '{name}'", "give the published weights") from error
    try:
        arrays = _parse(content)
    except Exception as error:  # a broken pickle raises anything
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise InputError(path, f"'{name}' is not a list of arrays ({reason})", "give the published weights") from error
    return arrays


def _parse(content: bytes) -> list[np.ndarray]:
    stream = io.BytesIO(content)
    version = np.lib.format.read_magic(stream)
    read_header = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    _shape, _order, dtype = read_header(stream)
    if not dtype.hasobject:
        raise ValueError(f"it holds {dtype} values")
    outer = _ArrayUnpickler(stream, encoding="latin1").load()
    if not isinstance(outer, np.ndarray):
        raise ValueError(f"it holds a {type(outer).__name__}")
    inner = outer.ravel().tolist() if outer.dtype == object else list(outer)
    for index, array in enumerate(inner):
        if not isinstance(array, np.ndarray) or array.dtype.kind not in _FINE:
            raise ValueError(f"its element {index} is not an array of numbers")
    return inner


class _ArrayUnpickler(pickle.Unpickler):
    """Resolves the three names with which NumPy pickles arrays, and no other."""

    def find_class(self, module: str, name: str, /) -> Any:
        if name == "_reconstruct" and module in {"numpy.core.multiarray", "numpy._core.multiarray"}:
            return _EmptyArray()
        if module == "numpy" and name in {"ndarray", "dtype"}:
            return {"ndarray": np.ndarray, "dtype": np.dtype}[name]
        if (module, name) == ("_codecs", "encode"):
            return _Latin1Bytes()
        raise pickle.UnpicklingError(f"it names {module}.{name}")


class _EmptyArray:
    """What NumPy's `_reconstruct` makes: an empty array that the pickle's next step gives shape and content.

    Callable objects without a dictionary, rather than functions, because a pickle could set a function's attributes.
    """

    __slots__ = ()

    def __call__(self, _subtype: object, _shape: object, _typecode: object) -> np.ndarray:
        return np.ndarray((0,), dtype=np.int8)

    def __setstate__(self, _state: object) -> None:
        pass


class _Latin1Bytes:
    """How protocol 2 writes a byte string."""

    __slots__ = ()

    def __call__(self, text: str, _encoding: str) -> bytes:
        return text.encode("latin1")

    def __setstate__(self, _state: object) -> None:
        pass
