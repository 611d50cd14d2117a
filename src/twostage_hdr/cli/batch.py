"""Many files in, HDR files out: reading, computing and writing overlap, and one bad file does not stop the others."""

import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import CancelledError, ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any, TypeAlias, TypeVar

import numpy as np
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from twostage_hdr.cli.destination import Destination, Planned, result_stem
from twostage_hdr.cli.outcome import Outcome, Report, named
from twostage_hdr.cli.terminal import plain
from twostage_hdr.inference.own_light import HdrUse
from twostage_hdr.inference.result_files import Result, loss_notes, result_files

Item = TypeVar("Item")


def ahead(items: Iterable[Item], depth: int) -> Generator[Item]:
    """The items in their order, made in a thread of their own, up to `depth` of them before they are taken."""
    end, iterator = object(), iter(items)
    pool = ThreadPoolExecutor(1)
    try:
        coming = deque(pool.submit(next, iterator, end) for _ in range(depth))
        while (item := coming.popleft().result()) is not end:
            coming.append(pool.submit(next, iterator, end))
            yield item  # type: ignore[misc]
    finally:
        pool.shutdown(cancel_futures=True)


@dataclass(frozen=True, kw_only=True)
class Picture(Result):
    """A file that is read and ready to be turned into results.

    Attributes:
        rows: the linear result from top to bottom, computed as it is taken.
        notes: how the file's own HDR was used, and what was changed while reading.
        hdr: how the file's own HDR was used; None where it has none.
    """

    rows: Iterable[np.ndarray]
    notes: tuple[str, ...] = ()
    hdr: HdrUse | None = None


Advance: TypeAlias = Callable[[float], None]
"""Takes a share of an input that has just been done."""
Made: TypeAlias = tuple[float, Sequence[str], HdrUse | None]
"""What is reported of an input's files: brightest value, linear, 1.0 = white; notes; and `Outcome.hdr`."""
Make: TypeAlias = Callable[[Path, Sequence[str], Advance], Made]
"""Writes a source in some formats."""


def run_batch(plan: Mapping[Path, Planned], make: Make, report: Report) -> None:
    """Makes what is missing of every source, in their order; each outcome is reported as soon as it is known."""
    with progress(report.console) as bar:
        task = bar.add_task("", total=sum(bool(missing) for missing, _ in plan.values()))
        for source, (missing, outcome) in plan.items():
            if not missing:
                report.add(outcome)
                continue
            bar.update(task, description=plain(source.name))
            before, started = bar.tasks[task].completed, time.perf_counter()
            try:
                outcome.peak, notes, outcome.hdr = make(source, missing, partial(bar.advance, task))
            except Exception as error:
                why = named(source, error).replace(str(source), outcome.input)
                report.add(Outcome(outcome.input, "failed", error=why))
            else:
                seconds = round(time.perf_counter() - started, 3)
                report.add(replace(outcome, status="done", notes=[*notes, *outcome.notes], seconds=seconds))
            bar.update(task, completed=before + 1)


@contextmanager
def picture_files(
    plan: Mapping[Path, Planned], read: Callable[[Path], Picture], destination: Destination
) -> Iterator[Make]:
    """Makes the results of pictures: while one is written the next is computed, and the one after that is read.

    All three in threads of their own, since Ctrl-C, which comes to the main thread, must not meet a file half opened.

    Args:
        plan: of the sources, in the order in which they will be made.
        read: opens one source.
        destination: of the results.
    """
    waiting = [source for source, (missing, _) in plan.items() if missing]
    given_up: set[Path] = set()
    stopping = threading.Event()

    def computed() -> Iterator[tuple[Path, Any]]:
        """Of each source its picture and then its rows, up to the error if there is one."""
        for source, picture in zip(waiting, ahead((_read(read, source) for source in waiting), 1), strict=True):
            yield source, picture
            try:
                for rows in () if isinstance(picture, Exception) else picture.rows:
                    yield source, rows
                    if source in given_up:
                        break
            except Exception as error:
                yield source, error
            if stopping.is_set():
                return

    parts = ahead(computed(), 2)
    by_source = groupby(parts, key=itemgetter(0))

    def write(source: Path, formats: Sequence[str], advance: Advance) -> Made:
        things, peak = _sound(next(by_source)[1], stopping), 0.0
        try:
            picture: Picture = next(things)
            stem = result_stem(source, destination.kinds)
            with result_files(destination.directory, stem, formats, picture) as files:
                for rows in things:
                    peak = max(peak, float(rows.max()))
                    files.write_rows(rows)
                    advance(len(rows) / picture.height)
        finally:
            given_up.add(source)
        losses = loss_notes(formats, picture.options, peak, picture.info)
        return peak, [*picture.notes, *losses, *files.notes], picture.hdr

    with closing(parts), ThreadPoolExecutor(1) as writer:
        try:
            yield lambda source, formats, advance: writer.submit(write, source, formats, advance).result()
        finally:
            stopping.set()


def _read(read: Callable[[Path], Picture], source: Path) -> Picture | Exception:
    try:
        return read(source)
    except Exception as error:  # which stops no other source
        return error


def _sound(things: Iterator[tuple[Path, Any]], stopping: threading.Event) -> Iterator[Any]:
    for _, thing in things:
        if isinstance(thing, Exception):
            raise thing
        if stopping.is_set():
            raise CancelledError
        yield thing


@contextmanager
def progress(console: Console) -> Iterator[Progress]:
    """A bar with the time that remains; an interruption is explained."""
    kept = "finished files are kept, the next run continues from there"
    share = TextColumn("{task.percentage:3.0f} %")
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), share, TimeRemainingColumn())
    shared = sys.stderr.isatty()  # failures are printed above the bar; into a file they go as they are
    try:
        with Progress(
            *columns, console=console, transient=True, redirect_stderr=shared, disable=not console.is_terminal
        ) as bar:
            yield bar
    except (KeyboardInterrupt, SystemExit) as stop:
        console.print("stopping; a file that is being encoded is finished first")
        if isinstance(stop, KeyboardInterrupt):
            raise KeyboardInterrupt(kept) from stop  # the command prints it
        console.print(f"interrupted: {kept}")
        raise
