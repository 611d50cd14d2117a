"""NumPy's pickled object arrays, read without running the code that a pickle may hold."""

import io
import pickle
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from twostage_hdr.errors import InputError

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
        raise InputError(f"{path}: no such file; give the published .npz archive")
    try:
        with zipfile.ZipFile(path) as archive:
            size = archive.getinfo(f"{name}.npy").file_size
            if size > MAX_BYTES:
                raise InputError(f"{path}: '{name}' unpacks to {size} bytes, more than {MAX_BYTES}; download it again")
            content = archive.read(f"{name}.npy")
    except (zipfile.BadZipFile, KeyError, OSError, NotImplementedError) as error:
        raise InputError(f"{path}: not an .npz archive with an array '{name}'; give the published weights") from error
    try:
        arrays = _parse(content)
    except Exception as error:  # a broken pickle raises anything
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise InputError(f"{path}: '{name}' is not a list of arrays ({reason}); give the published weights") from error
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
            raise ValueError(f"its element {index} is no array of numbers")
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
