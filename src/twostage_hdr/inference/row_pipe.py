"""Rows handed from the thread that computes them to the thread that writes them."""

import threading
from collections import deque
from collections.abc import Iterator
from types import TracebackType

import numpy as np
from jaxtyping import Float32

Rows = Float32[np.ndarray, "rows width 3"]


class AbandonedError(Exception):
    """The computation ended before its last row."""


class RowPipe:
    """A short queue that either end can close, so that neither waits for the other in vain.

    The computing thread uses it as a context: leaving it tells the writer that all rows came, leaving it by an
    exception (Ctrl-C included) tells the writer to remove what it has begun.

    Args:
        depth: bands that may wait; few, since they are memory.
    """

    def __init__(self, depth: int = 2) -> None:
        self._depth = depth
        self._bands: deque[Rows] = deque()
        self._change = threading.Condition()
        self._complete = self._abandoned = self._refused = False

    def __enter__(self) -> "RowPipe":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._change:
            self._complete, self._abandoned = True, error is not None
            self._change.notify_all()

    def put(self, rows: Rows) -> bool:
        """Hands over a band, waiting while the writer is behind; False if the writer has given up."""
        with self._change:
            self._change.wait_for(lambda: self._refused or len(self._bands) < self._depth)
            if not self._refused:
                self._bands.append(rows)
            self._change.notify_all()
            return not self._refused

    def bands(self) -> Iterator[Rows]:
        """What is handed over, for the writing thread.

        Raises:
            AbandonedError: the computation failed.
        """
        try:
            while True:
                with self._change:
                    self._change.wait_for(lambda: self._bands or self._complete)
                    if self._abandoned:
                        raise AbandonedError
                    if not self._bands:
                        return
                    rows = self._bands.popleft()
                    self._change.notify_all()
                yield rows
        finally:
            self.refuse()

    def refuse(self) -> None:
        """The writer takes no more rows."""
        with self._change:
            self._refused = True
            self._change.notify_all()
