"""Libraries in C that write to standard error themselves, beside the exception they raise."""

import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_STANDARD_ERROR = 2


class _Silence:
    """Standard error turned away while anybody reads: threads share one descriptor, so the last one out restores it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._readers = 0
        self._kept = -1

    def enter(self) -> None:
        with self._lock:
            self._readers += 1
            if self._readers == 1:
                sys.stderr.flush()
                self._kept = os.dup(_STANDARD_ERROR)
                nowhere = os.open(os.devnull, os.O_WRONLY)
                os.dup2(nowhere, _STANDARD_ERROR)
                os.close(nowhere)

    def leave(self) -> None:
        with self._lock:
            self._readers -= 1
            if self._readers == 0:
                os.dup2(self._kept, _STANDARD_ERROR)
                os.close(self._kept)


_silence = _Silence()


@contextmanager
def quiet_libraries() -> Iterator[None]:
    """Within it nothing reaches standard error, not even from C; what a library has to say is in its exception."""
    _silence.enter()
    try:
        yield
    finally:
        _silence.leave()
