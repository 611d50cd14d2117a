"""Readers with one fault each, for the test that the campaign notices them."""

import ctypes
from collections.abc import Callable
from pathlib import Path

from tests.fuzz.target import Target
from twostage_hdr.errors import InputError

_VALID = b"valid"


def _hang(path: Path) -> None:
    while True:
        pass


def _say_nothing_of_the_cure(path: Path) -> None:
    raise InputError(path, "damaged")


_FAULTS: dict[str, Callable[[Path], object]] = {
    "crash": lambda path: ctypes.string_at(0),
    "hang": _hang,
    "memory": lambda path: bytearray(b"x") * (11 * 2**30 // 10),
    "noise": lambda path: print("a library's words"),
    "traceback": lambda path: {}[path],
    "incomplete": _say_nothing_of_the_cure,
}


def _reader(fault: Callable[[Path], object]) -> Callable[[Path], object]:
    """Reads the valid file, and shows the fault with any other."""
    return lambda path: (path.is_file() and path.read_bytes() == _VALID) or fault(path)


TARGETS = {
    name: Target(_reader(fault), [], {"a": lambda path: path.write_bytes(_VALID)}) for name, fault in _FAULTS.items()
}
