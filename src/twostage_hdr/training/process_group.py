"""The traces of a distributed run in its process, cleared away so that a sweep's next job starts like the first."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

from torch import distributed


@contextmanager
def own_process_group() -> Iterator[None]:
    """Afterwards there is no process group, and the environment is as before: no rank, port or number of processes."""
    before = dict(os.environ)
    try:
        yield
    finally:
        if distributed.is_available() and distributed.is_initialized():
            distributed.destroy_process_group()
        os.environ.clear()
        os.environ.update(before)
