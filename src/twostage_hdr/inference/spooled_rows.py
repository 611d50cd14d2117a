"""Rows that are needed twice, kept on disk instead of in memory."""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType

import numpy as np
from jaxtyping import Float32

Rows = Float32[np.ndarray, "rows width 3"]


class SpooledRows:
    """A nameless temporary file of float32 rows; gone when closed, whatever happens.

    Args:
        directory: where the file lies: beside the results, so that it needs no other disk.
        width: pixels in a row.
    """

    def __init__(self, directory: Path, width: int) -> None:
        self._directory, self._width, self._rows = directory, width, 0

    def __enter__(self) -> "SpooledRows":
        self._file = tempfile.TemporaryFile(dir=self._directory)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def append(self, rows: Rows) -> None:
        """Keeps the next rows."""
        self._file.write(np.ascontiguousarray(rows).data)
        self._rows += len(rows)

    def bands(self, step: int = 256) -> Iterator[Rows]:
        """All rows again, from top to bottom, at most `step` at a time."""
        self._file.seek(0)
        for top in range(0, self._rows, step):
            count = min(step, self._rows - top)
            data = self._file.read(count * self._width * 3 * 4)
            yield np.frombuffer(data, dtype=np.float32).reshape(count, self._width, 3)
