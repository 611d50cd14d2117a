"""Processes that work on scenes side by side and die with the one that started them."""

import atexit
import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from typing import TypeVar

import torch

from twostage_hdr.errors import InputError

Task = TypeVar("Task")
Result = TypeVar("Result")

_PARENT_CHECK = 0.5
"""Seconds between looks whether the starting process still lives."""

_work: Callable[[object], object] | None = None


def unordered(work: Callable[[Task], Result], tasks: Sequence[Task], *, workers: int) -> Iterator[Result]:
    """Results in the order in which they come, each task in one of `workers` processes (0: in this one).

    Every task runs with one thread, so that no result depends on the number of cores.
    """
    if workers == 0:
        before = torch.get_num_threads()
        torch.set_num_threads(1)
        try:
            yield from map(work, tasks)
        finally:
            torch.set_num_threads(before)
        return
    # A fresh interpreter for each worker: forking a process that has run OpenMP threads can hang.
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(workers, mp_context=context, initializer=_start, initargs=(work,))  # type: ignore[arg-type]
    try:
        for future in as_completed([pool.submit(_call, task) for task in tasks]):
            yield future.result()  # type: ignore[misc]
    except BrokenProcessPool as error:
        raise InputError(f"workers={workers}", "a worker was killed, out of memory as a rule", "give fewer") from error
    finally:
        pool.shutdown(cancel_futures=True)


def _start(work: Callable[[object], object]) -> None:
    global _work
    _work = work
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the parent ends the pool
    atexit.register(os._exit, 0)  # all is sent by then; OpenImageIO's bindings would report leaks on the way out
    torch.set_num_threads(1)
    threading.Thread(target=_leave_with, args=(os.getppid(),), daemon=True).start()


def _leave_with(parent: int) -> None:
    """A killed parent closes no pipe that its workers share, so they would wait for ever."""
    while os.getppid() == parent:
        time.sleep(_PARENT_CHECK)
    os._exit(1)


def _call(task: object) -> object:
    assert _work is not None
    return _work(task)
