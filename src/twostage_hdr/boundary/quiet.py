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


class _Stream:
    """A standard stream whose descriptor is turned away: what the threads print that do not read still arrives."""

    def __init__(self, silence: "_Silence", stream: Any, descriptor: int) -> None:
        self._silence, self._stream, self._descriptor = silence, stream, descriptor
        self._is_descriptor = _is_descriptor(stream, descriptor) and not hasattr(stream, _BEHIND_A_BAR)

    def write(self, text: str) -> int:
        """As of the stream itself."""
        return self._silence.write(self._stream, self._descriptor if self._is_descriptor else None, text)

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._stream, name)
        return _Stream(self._silence, value, self._descriptor) if name == _BEHIND_A_BAR else value


class _Silence:
    """Turns output away while anybody reads: threads share the descriptors, so the last one out restores them.

    The descriptors are turned away as a whole, since libraries in C write to them, from threads of their own.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._readers: list[int] = []
        self._kept: dict[int, int] = {}
        self._streams: dict[str, Any] = {}

    def enter(self) -> None:
        with self._lock:
            if not self._readers:
                self._turn_away()
            self._readers.append(threading.get_ident())

    def leave(self) -> None:
        with self._lock:
            self._readers.remove(threading.get_ident())
            if not self._readers:
                self._turn_back()

    def _turn_away(self) -> None:
        self._streams = {name: getattr(sys, name) for name in _STREAMS}
        nowhere = os.open(os.devnull, os.O_WRONLY)
        for name, descriptor in _STREAMS.items():
            stream = self._streams[name]
            if stream is not None:  # a program without a terminal may have neither
                stream.flush()
                setattr(sys, name, _Stream(self, stream, descriptor))
            with suppress(OSError):  # closed by who started the program
                self._kept[descriptor] = os.dup(descriptor)
                os.dup2(nowhere, descriptor)
        os.close(nowhere)

    def _turn_back(self) -> None:
        with suppress(OSError, TypeError):  # on Windows
            ctypes.CDLL(None).fflush(None)  # what C keeps to be written later
        for descriptor in list(self._kept):
            os.dup2(self._kept[descriptor], descriptor)
            os.close(self._kept.pop(descriptor))
        for name, stream in self._streams.items():
            setattr(sys, name, stream)

    def write(self, stream: Any, descriptor: int | None, text: str) -> int:
        """Of a thread that does not read, past the descriptor that is turned away."""
        with self._lock:
            if threading.get_ident() in self._readers:
                return len(text)
            if descriptor in self._kept:
                return os.write(self._kept[descriptor], text.encode(stream.encoding, "backslashreplace"))
        return int(stream.write(text))  # in memory, or turned back meanwhile


def _is_descriptor(stream: Any, descriptor: int) -> bool:
    """Whether it writes to the very descriptor that is turned away, and not into a test's or a notebook's memory."""
    try:
        return bool(stream.fileno() == descriptor)
    except (OSError, AttributeError, ValueError):
        return False


_silence = _Silence()


@contextmanager
def quiet_libraries() -> Iterator[None]:
    """Within it this thread prints nothing, and no library in C does; what they have to say is in the exception."""
    _silence.enter()
    try:
        yield
    finally:
        _silence.leave()
