"""Read a torch file without running the code that it names.

A pickle is a program: a plain `torch.load` of a stranger's file may call any function. Here tensors, storages and
ordered dictionaries are rebuilt; every other class or function that the file names becomes an `Inert` object.
"""

import pickle
import tarfile
import zipfile
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import IO, Any

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
        raise InputError(f"{path}: no such file; give the checkpoint's path")
    _refuse_other_containers(path)
    restricted = SimpleNamespace(Unpickler=_InertUnpickler, load=_load, __name__=__name__)
    try:
        return torch.load(path, map_location="cpu", weights_only=False, pickle_module=restricted)
    except Exception as error:  # a broken pickle raises anything: EOFError, KeyError, RuntimeError, UnicodeDecodeError
        reason = " ".join(str(error).split())[:120]
        raise InputError(
            f"{path}: not readable as a torch checkpoint ({type(error).__name__}: {reason}); download it again"
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
                raise InputError(f"{path}: a TorchScript archive; give a checkpoint written by torch.save")
    elif tarfile.is_tarfile(path):
        raise InputError(f"{path}: a tar archive; give a checkpoint written by torch.save of version 0.1.10 or later")
