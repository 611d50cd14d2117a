"""A request to end (SIGTERM, a closed terminal) is handled like Ctrl-C: what was begun is removed."""

import logging
import signal
import warnings
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


NOT_FOR_USERS = (
    r".*LeafSpec.* is deprecated",  # Lightning calling PyTorch
    r".*does not have many workers",  # data.workers is a choice
    r".*smaller than the logging interval",
    r".*module\(s\) in eval mode at the start of training",  # a frozen stage I is meant to be
    r".*The `srun` command is available on your system but is not used",
    r".*It is recommended to use `self.log\(.*sync_dist=True",  # such figures are rank 0's
)
"""Beginnings of warnings, as regular expressions, that a user can do nothing about."""


def quiet_lightning() -> None:
    """Silences Lightning's tips, hardware reports and progress notes, and warnings that tell a user nothing."""
    for name in ("lightning.pytorch", "lightning.fabric", "pytorch_lightning", "lightning_fabric"):
        logging.getLogger(name).setLevel(logging.WARNING)
    for message in NOT_FOR_USERS:
        warnings.filterwarnings("ignore", message=message)
