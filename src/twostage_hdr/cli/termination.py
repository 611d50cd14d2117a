"""A request to end (SIGTERM, a closed terminal) is obeyed like Ctrl-C: what was begun is removed."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import NoReturn

_SIGNALS = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]


@contextmanager
def clean_termination() -> Iterator[None]:
    """Within it the signals raise SystemExit, 128 + their number, in the main thread; to be entered there.

    A signal that is ignored (nohup) or handled by somebody else is left alone.
    """

    def end(number: int, _: FrameType | None) -> NoReturn:
        raise SystemExit(128 + number)

    taken = [number for number in _SIGNALS if signal.getsignal(number) is signal.SIG_DFL]
    for number in taken:
        signal.signal(number, end)
    try:
        yield
    finally:
        for number in taken:
            signal.signal(number, signal.SIG_DFL)
