"""Files of `torch.save`, read as data: no code runs, nothing larger than the file is made, damage is found."""

import zipfile
from collections import OrderedDict
from pathlib import Path
from pickle import UnpicklingError
from types import SimpleNamespace
from typing import Any

import torch
from torch import Tensor, nn

from twostage_hdr.boundary.plain_pickle import Inert, PlainUnpickler, ordered_dict, plain_set


def _rebuild_tensor(storage: Any, offset: int, size: tuple, stride: tuple, *_autograd: object) -> torch.Tensor:
    """A tensor that views the storage; torch checks the bounds. Gradient flag, hooks and metadata are left out."""
    return torch._utils._rebuild_tensor(storage, offset, size, stride)


_ALLOWED: dict[tuple[str, str], object] = {
    ("collections", "OrderedDict"): ordered_dict,
    ("builtins", "set"): plain_set,
    ("__builtin__", "set"): plain_set,
    ("torch", "Size"): torch.Size,
    ("torch", "device"): torch.device,
    ("torch._utils", "_rebuild_tensor"): _rebuild_tensor,
    ("torch._utils", "_rebuild_tensor_v2"): _rebuild_tensor,
    ("torch._utils", "_rebuild_parameter"): lambda data, *_autograd: data,
    **{("torch", name): value for name, value in vars(torch).items() if isinstance(value, torch.dtype)},
}
"""What a pickle gets under its own name. Storage types are resolved by torch before it asks the unpickler."""


def read_torch_file(path: Path, *, foreign_objects: bool = False) -> Any:
    """What `torch.save` wrote into the file, on the CPU; of the zip format, its parts' checksums are verified.

    Args:
        path: of the zip format; with `foreign_objects` also of the older format before it (torch < 1.6).
        foreign_objects: put an `Inert` in the place of objects that are no plain data, instead of refusing them.

    Returns:
        Containers, numbers, strings and tensors as they are; parameters as plain tensors without gradient.

    Raises:
        Exception: of almost any kind, for a file that is damaged or holds something else; its text says what.
    """
    zipped = zipfile.is_zipfile(path)
    with path.open("rb") as file:
        start = file.read(1)
    if zipped:
        _check_archive(path)
    elif not foreign_objects:
        raise UnpicklingError("it is no zip archive")
    elif start != b"\x80":  # a tar archive of torch before 0.1.10, too; a search for one would read on for ever
        raise UnpicklingError("it is neither a zip archive nor a pickle")
    restricted = _pickle_module(path.stat().st_size, foreign=Inert if foreign_objects else None)
    return torch.load(path, map_location="cpu", weights_only=False, pickle_module=restricted, mmap=zipped)


def foreign_part(content: object, place: str = "") -> str | None:
    """Where in a checkpoint there is an object that `read_torch_file` would refuse, and its class; None if nowhere."""
    if isinstance(content, Tensor) and type(content) in (Tensor, nn.Parameter, nn.Buffer):
        return None
    if type(content) in (dict, OrderedDict, list, tuple):
        parts = content.items() if isinstance(content, dict) else enumerate(content)  # type: ignore[arg-type]
        for name, value in parts:
            if (found := foreign_part(value, f"{place}.{name}".lstrip("."))) is not None:
                return found
        return None
    plain = (str, int, float, bool, bytes, set, type(None), torch.Size, torch.dtype, torch.device)
    return None if type(content) in plain else f"{place} ({type(content).__module__}.{type(content).__qualname__})"


def _check_archive(path: Path) -> None:
    """Refuses what torch does not write (packed or overlapping entries) and entries whose CRC-32 is not theirs."""
    with zipfile.ZipFile(path) as archive:
        entries = archive.infolist()
        if any(entry.filename.endswith("constants.pkl") for entry in entries):
            raise UnpicklingError("it is a TorchScript archive")  # torch would compile it, past the unpickler
        packed = [entry.filename for entry in entries if entry.compress_type != zipfile.ZIP_STORED]
        if packed:
            raise UnpicklingError(f"its entry {packed[0]} is packed")
        size, limit = sum(entry.file_size for entry in entries), path.stat().st_size
        if size > limit:
            raise UnpicklingError(f"its entries claim {size} bytes, the file has {limit}")
        damaged = archive.testzip()
        if damaged is not None:
            raise UnpicklingError(f"its entry {damaged} is damaged")


def _pickle_module(limit: int, foreign: type | None) -> SimpleNamespace:
    """What `torch.load` uses in the place of `pickle`, for storages of so many bytes together; None refuses classes."""
    sizes: dict[str, int] = {}

    class Unpickler(PlainUnpickler):
        def find_class(self, module: str, name: str) -> Any:
            known = _ALLOWED.get((module, name), foreign)
            return super().find_class(module, name) if known is None else known

        def load_binpersid(self) -> None:
            kind, storage, key, _place, numbers = self.stack[-1][:5]
            size = 1 if storage is torch.UntypedStorage else torch._utils._element_size(storage.dtype)
            sizes[str(key)] = int(numbers) * size
            if kind not in ("storage", b"storage") or min(sizes.values()) < 0 or sum(sizes.values()) > limit:
                raise UnpicklingError(f"its tensors claim {sum(sizes.values())} bytes, the file has {limit}")
            super().load_binpersid()

    def load(file: Any, **options: object) -> Any:
        return Unpickler(file, **options).load()

    return SimpleNamespace(Unpickler=Unpickler, load=load, __name__=__name__)
