"""The images of a batch on threads of their own: no barrier inside an image."""

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from typing import TypeVar

import torch
from torch import Tensor

Result = TypeVar("Result")


def over_images(work: Callable[[Sequence[int]], Result], images: int) -> list[Result]:
    """Calls `work` with shares of the indices 0 .. images - 1, on PyTorch's number of threads.

    Which thread gets which image depends on the two numbers alone, and so do sums over the results in their order.
    """
    threads = min(torch.get_num_threads(), images)
    if threads < 2:
        return [work(range(images))]

    def share(first: int) -> Result:
        torch.set_num_threads(1)  # of this thread; MKL takes it for the process
        with torch.no_grad():
            return work(range(first, images, threads))

    before = torch.get_num_threads()
    try:
        return list(_pool(threads).map(share, range(threads)))
    finally:
        torch.set_num_threads(before)


@lru_cache(maxsize=1)
def _pool(threads: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(threads, thread_name_prefix="image")


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_pool.cache_clear)  # a fork has none of its parent's threads


def summed(shares: Sequence[tuple[Sequence[Tensor], ...]]) -> list[list[Tensor]]:
    """The sums over the shares, for each of the lists in a share, in their order."""
    return [[torch.stack(parts).sum(0) for parts in zip(*lists, strict=True)] for lists in zip(*shares, strict=True)]
