"""Libraries that print what went wrong, beside the exception they raise."""

import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

_STANDARD_ERROR = 2


class _Silence:
    """Turns output away while anybody reads: threads share the descriptors, so the last one out restores them.

    Standard error is turned away as a whole, since libraries in C write to it, from threads of their own. Of standard
    output only what the reading threads print is: OpenEXR's bindings do.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._readers: list[int] = []
        self._kept_error = -1
        self._kept_output: Any = None

    def enter(self) -> None:
        with self._lock:
            if not self._readers:
                self._turn_away()
            self._readers.append(threading.get_ident())

    def leave(self) -> None:
        with self._lock:
            self._readers.remove(threading.get_ident())
            if not self._readers:
                os.dup2(self._kept_error, _STANDARD_ERROR)
                os.close(self._kept_error)
                sys.stdout = self._kept_output

    def _turn_away(self) -> None:
        sys.stderr.flush()
        self._kept_error = os.dup(_STANDARD_ERROR)
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, _STANDARD_ERROR)
        os.close(nowhere)
        self._kept_output, sys.stdout = sys.stdout, self

    def write(self, text: str) -> int:
        """As of standard output, for the threads that do not read."""
        return len(text) if threading.get_ident() in self._readers else int(self._kept_output.write(text))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._kept_output, name)


_silence = _Silence()


@contextmanager
def quiet_libraries() -> Iterator[None]:
    """Within it this thread prints nothing, and no library in C does; what they have to say is in the exception."""
    _silence.enter()
    try:
        yield
    finally:
        _silence.leave()
