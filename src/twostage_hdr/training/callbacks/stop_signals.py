"""Stop requests (Ctrl-C, SIGTERM, a cluster's warning before preemption), and the process group of one run."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from torch import distributed

SIGNALS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGUSR1", "SIGUSR2") if hasattr(signal, name))


class Stopped(SystemExit):
    """Raised after a run was asked to stop and has saved its state; the same command resumes it.

    Attributes:
        signal: the request; the exit code is 128 plus its number, as in shells.
    """

    def __init__(self, number: int) -> None:
        super().__init__(128 + number)
        self.signal = signal.Signals(number)


class StopSignals:
    """Records a signal, so that a run can stop where its state is consistent.

    A second Ctrl-C ends the process at once. Previous handlers (submitit's, which hands the job back to the
    cluster) are called by `obey`, after the run has been saved.
    """

    def __init__(self) -> None:
        self.received: int | None = None
        self._before: dict[int, Any] = {number: signal.getsignal(number) for number in SIGNALS}
        self._listening = False

    def install(self) -> None:
        """Replaces the current handlers."""
        self._listening = threading.current_thread() is threading.main_thread()
        if self._listening:
            for number in SIGNALS:
                signal.signal(number, self._on_signal)

    def uninstall(self) -> None:
        """Restores the handlers that were set when this object was created."""
        if self._listening:
            for number, handler in self._before.items():
                signal.signal(number, handler if handler is not None else signal.SIG_DFL)
        self._listening = False

    def obey(self, *, leader: bool) -> None:
        """Stops the run, or calls the previous handler of the signal; returns if that handler returns.

        Args:
            leader: whether this process requeues the SLURM job after SIGUSR1.

        Raises:
            Stopped: there was no previous handler.
        """
        number = self.received or signal.SIGTERM
        handler = self._before.get(number)
        if callable(handler) and handler is not signal.default_int_handler:
            self.received = None
            handler(number, None)
            return
        if number == getattr(signal, "SIGUSR1", None) and leader:
            requeue()
        raise Stopped(number)

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        if self.received == number == signal.SIGINT:
            raise KeyboardInterrupt
        if self.received is None:
            name = "Ctrl-C" if number == signal.SIGINT else signal.Signals(number).name
            again = "; Ctrl-C again stops at once" if number == signal.SIGINT else ""
            print(f"\n{name}: finishing this batch, then saving{again}.", file=sys.stderr, flush=True)
        self.received = number


def requeue() -> None:
    """Asks SLURM to start this job again; does nothing outside SLURM."""
    job = os.environ.get("SLURM_JOB_ID")
    if job is not None:
        subprocess.run(["scontrol", "requeue", job], check=False)


@contextmanager
def own_process_group() -> Iterator[None]:
    """Destroys the process group at the end and restores the environment (rank, port, number of processes)."""
    before = dict(os.environ)
    try:
        yield
    finally:
        if distributed.is_available() and distributed.is_initialized():
            distributed.destroy_process_group()
        os.environ.clear()
        os.environ.update(before)
