"""Libraries that print what went wrong, beside the exception they raise."""

import ctypes
import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

_STANDARD_OUTPUT = 1
_OUTPUTS = (_STANDARD_OUTPUT, 2)


class _Silence:
    """Turns output away while anybody reads: threads share the descriptors, so the last one out restores them.

    Both descriptors are turned away as a whole, since libraries in C write to them, from threads of their own; what
    other threads than those that read print to standard output still arrives.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._readers: list[int] = []
        self._kept: dict[int, int] = {}
        self._output: Any = None
        self._is_descriptor = False

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
        for stream in filter(None, (sys.stdout, sys.stderr)):  # a program without a terminal may have neither
            stream.flush()
        nowhere = os.open(os.devnull, os.O_WRONLY)
        for descriptor in _OUTPUTS:
            with suppress(OSError):  # closed by who started the program
                self._kept[descriptor] = os.dup(descriptor)
                os.dup2(nowhere, descriptor)
        os.close(nowhere)
        self._output, sys.stdout = sys.stdout, self
        self._is_descriptor = _is_descriptor(self._output) and _STANDARD_OUTPUT in self._kept

    def _turn_back(self) -> None:
        with suppress(OSError, TypeError):  # on Windows
            ctypes.CDLL(None).fflush(None)  # what C keeps to be written later
        for descriptor in list(self._kept):
            os.dup2(self._kept[descriptor], descriptor)
            os.close(self._kept.pop(descriptor))
        sys.stdout = self._output

    def write(self, text: str) -> int:
        """As of standard output, for the threads that do not read."""
        if threading.get_ident() in self._readers:
            return len(text)
        if self._is_descriptor:
            return os.write(self._kept[_STANDARD_OUTPUT], text.encode(self._output.encoding, "backslashreplace"))
        return int(self._output.write(text))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._output, name)


def _is_descriptor(output: Any) -> bool:
    """Whether it writes to the very descriptor that is turned away, and not into a test's or a notebook's memory."""
    try:
        return bool(output.fileno() == _STANDARD_OUTPUT)
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
