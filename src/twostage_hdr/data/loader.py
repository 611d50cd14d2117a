"""A DataLoader that resumes an interrupted epoch."""

import signal
from collections.abc import Callable, Iterator
from typing import Any

from torch.utils.data import DataLoader

from twostage_hdr.data.patches import EpochSampler
from twostage_hdr.data.triple import Triple
from twostage_hdr.errors import InputError

GRACE = 20
"""Seconds; less than the 30 that clusters give between SIGTERM and SIGKILL."""


class ResumableLoader(DataLoader[Triple]):
    """Keeps track of its epoch and batch; Lightning saves and restores both with every checkpoint.

    Its sampler must be an `EpochSampler`: since a sample is a function of (seed, epoch, index), skipping the first
    keys is all that resuming takes.

    Attributes:
        trained: returns how many batches of the epoch have been trained on. Without it every batch that was yielded
            counts, including the one during which a run was interrupted.
    """

    sampler: EpochSampler
    trained: Callable[[], int] | None = None
    _epoch = 0
    _yielded = 0
    _resume: tuple[int, int] | None = None  # (epoch, batches) of a restored state that has not been used yet

    def __iter__(self) -> Iterator[Triple]:  # type: ignore[override]
        assert self.batch_size is not None
        self._epoch, self._yielded = self.sampler.epoch, 0
        # A state from the end of an earlier epoch does not apply to this one.
        if self._resume is not None and self._resume[0] == self._epoch:
            self._yielded = self._resume[1] % max(len(self), 1)
        self._resume = None
        self.sampler.skip = self._yielded * self.batch_size
        batches = super().__iter__()
        while (batch := _next(batches)) is not None:
            self._yielded += 1
            yield batch

    def state_dict(self) -> dict[str, Any]:
        """The current epoch, and how many of its batches have been trained on."""
        return {"epoch": self._epoch, "batches": self._yielded if self.trained is None else self.trained()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """The next pass, if it is one of that epoch, starts after that many batches."""
        self._resume = (int(state.get("epoch", -1)), int(state["batches"]))


def leave_signals_to_main_process(worker: int) -> None:
    """For loader processes: terminals and clusters signal them too, but the main process decides when to stop.

    It needs its workers until the batch in progress is saved; after SIGTERM they run for another `GRACE` seconds.
    """
    for name in ("SIGINT", "SIGUSR1", "SIGUSR2"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_IGN)
    if hasattr(signal, "alarm"):
        signal.signal(signal.SIGTERM, lambda *_: signal.alarm(GRACE))


def _next(batches: Iterator[Triple]) -> Triple | None:
    """The next batch; a worker's refusal of a sample without the worker's traceback."""
    try:
        return next(batches, None)
    except InputError as error:
        raise InputError(str(error).strip().rpartition("InputError: ")[2]) from None
