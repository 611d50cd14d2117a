"""Threads that share pieces of work, each with something of its own: buffers, or a network on a device."""

import queue
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

import torch

Own = TypeVar("Own")


@contextmanager
def worker_pool(
    own: Sequence[Own], *, initializer: Callable[[], object] | None = None
) -> Iterator[Callable[[Sequence[Callable[[Own], None]]], None]]:
    """Gives a function that runs pieces of work in parallel, in inference mode, and returns when all are done.

    Args:
        own: one thing for each worker, lent to the piece of work that it does.
        initializer: called in each thread at its start.
    """
    idle: queue.SimpleQueue[Own] = queue.SimpleQueue()
    for thing in own:
        idle.put(thing)

    def run_one(work: Callable[[Own], None]) -> None:
        thing = idle.get()
        try:
            with torch.inference_mode():
                work(thing)
        finally:
            idle.put(thing)

    with ThreadPoolExecutor(len(own), initializer=initializer) as pool:

        def run_all(works: Sequence[Callable[[Own], None]]) -> None:
            for _ in pool.map(run_one, works):
                pass

        yield run_all
