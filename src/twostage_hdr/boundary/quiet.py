"""Libraries that print what went wrong, beside the exception they raise."""

import ctypes
import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

_STREAMS = {"stdout": 1, "stderr": 2}
"""Of `sys`, and the descriptors that libraries in C write to."""
_BEHIND_A_BAR = "rich_proxied_file"
"""Where rich, while it shows a progress bar, keeps the stream that its own stands for."""


_lock = threading.Lock()
_readers: list[int] = []
"""Threads that read; they share the descriptors, so the last one out restores them."""
_kept: dict[int, int] = {}
"""Copies of the descriptors that are turned away."""
_streams: dict[str, Any] = {}


class _Stream:
    """A standard stream whose descriptor is turned away: what the threads print that do not read still arrives."""

    def __init__(self, stream: Any, descriptor: int) -> None:
        self._stream, self._descriptor = stream, descriptor
        try:  # whether it writes to that very descriptor, and not into a test's or a notebook's memory
            self._is_descriptor = stream.fileno() == descriptor and not hasattr(stream, _BEHIND_A_BAR)
        except (OSError, AttributeError, ValueError):
            self._is_descriptor = False

    def write(self, text: str) -> int:
        """As of the stream itself."""
        with _lock:
            if threading.get_ident() in _readers:
                return len(text)
            if self._is_descriptor and self._descriptor in _kept:
                return os.write(_kept[self._descriptor], text.encode(self._stream.encoding, "backslashreplace"))
        return int(self._stream.write(text))  # in memory, or turned back meanwhile

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._stream, name)
        return _Stream(value, self._descriptor) if name == _BEHIND_A_BAR else value


@contextmanager
def quiet_libraries() -> Iterator[None]:
    """Within it this thread prints nothing, and no library in C does; what they have to say is in the exception.

    The descriptors are turned away as a whole, since libraries in C write to them, from threads of their own.
    """
    with _lock:
        if not _readers:
            _turn_away()
        _readers.append(threading.get_ident())
    try:
        yield
    finally:
        with _lock:
            _readers.remove(threading.get_ident())
            if not _readers:
                _turn_back()


def _turn_away() -> None:
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for name, descriptor in _STREAMS.items():
        _streams[name] = stream = getattr(sys, name)
        if stream is not None:  # a program without a terminal may have neither
            stream.flush()
            setattr(sys, name, _Stream(stream, descriptor))
        with suppress(OSError):  # closed by who started the program
            _kept[descriptor] = os.dup(descriptor)
            os.dup2(nowhere, descriptor)
    os.close(nowhere)


def _turn_back() -> None:
    with suppress(OSError, TypeError):  # on Windows
        ctypes.CDLL(None).fflush(None)  # what C keeps to be written later
    for descriptor in list(_kept):
        os.dup2(_kept[descriptor], descriptor)
        os.close(_kept.pop(descriptor))
    for name, stream in _streams.items():
        setattr(sys, name, stream)
