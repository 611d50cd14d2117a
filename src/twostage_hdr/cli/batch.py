"""Many files in, HDR files out: reading, computing and writing overlap, and one bad file does not stop the others."""

import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import TypeAlias

import numpy as np
from jaxtyping import Float32
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from twostage_hdr.boundary.refusal import one_line, printable
from twostage_hdr.cli.destination import Destination, Pending, make_directory
from twostage_hdr.cli.outcome import LONGEST_LINE, Outcome
from twostage_hdr.cli.terminal import plain
from twostage_hdr.errors import InputError
from twostage_hdr.inference.own_light import HdrUse
from twostage_hdr.inference.result_files import Result, loss_notes, result_files

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


@dataclass(frozen=True, kw_only=True)
class Picture(Result):
    """A file that is read and ready to be turned into results.

    Attributes:
        rows: the linear result from top to bottom, computed as it is taken.
        notes: what was changed on the way in.
        hdr: what was made of the file's own HDR; None where it has none.
    """

    rows: Iterable[np.ndarray]
    notes: tuple[str, ...] = ()
    hdr: HdrUse | None = None


Read: TypeAlias = Callable[[Path], Picture]
Say: TypeAlias = Callable[[Outcome], None]


def run_batch(
    sources: Sequence[Path],
    read: Read,
    *,
    destination: Destination,
    refused: Mapping[Path, str],
    console: Console,
    say: Say,
) -> list[Outcome]:
    """Turns every source into files of every format.

    Args:
        sources: what `check_plan` accepted.
        read: opens one source; called in a thread of its own, ahead of the computation.
        destination: of the results.
        refused: sources that `check_plan` said cannot be done, and why.
        console: where progress is shown.
        say: takes each outcome as soon as it is known.

    Returns:
        An outcome for each source, in their order.
    """
    if not sources:
        return []
    made = make_directory(destination.directory)
    plans = {source: destination.pending(source) for source in sources}
    outcomes: dict[Path, Callable[[], Outcome]] = {}
    for source, plan in plans.items():
        if why := refused.get(source) or plan.refused:
            outcomes[source] = _said(Outcome(str(source), "failed", error=why), say)
        elif not plan.missing:
            names = [str(path) for path in destination.paths(source)]
            outcomes[source] = _said(Outcome(str(source), "skipped", names, plan.notes), say)
    pools = ThreadPoolExecutor(1), ThreadPoolExecutor(1)
    with progress(console) as bar, pools[0] as reader, pools[1] as writer, _word_on_stopping(console):
        waiting = [source for source in sources if source not in outcomes]
        task = bar.add_task("reading", total=len(waiting))
        for place, (source, coming) in enumerate(_ahead(reader, read, waiting)):
            bar.update(task, description=plain(source.name))
            job = _Job(source=source, plan=plans[source], destination=destination, say=say)
            outcomes[source] = job.run(coming, writer, partial(bar.advance, task))
            bar.update(task, completed=place + 1)
        bar.update(task, description="writing")
        finished = [outcomes[source]() for source in sources]
    if made and not any(destination.directory.iterdir()):
        destination.directory.rmdir()
    return finished


def _said(outcome: Outcome, say: Say) -> Callable[[], Outcome]:
    say(outcome)
    return lambda: outcome


def _ahead(reader: ThreadPoolExecutor, read: Read, sources: Sequence[Path]) -> Iterator[tuple[Path, "Future[Picture]"]]:
    """Each source with its picture, the next one being read meanwhile."""
    coming = [reader.submit(read, source) for source in sources[:1]]
    for place, source in enumerate(sources):
        coming += [reader.submit(read, following) for following in sources[place + 1 : place + 2]]
        yield source, coming.pop(0)


@dataclass(frozen=True, kw_only=True)
class _Job:
    """One source on its way to its results: computed in this thread, written in another."""

    source: Path
    plan: Pending
    destination: Destination
    say: Say
    started: float = field(default_factory=time.perf_counter)

    def run(
        self, coming: "Future[Picture]", writer: ThreadPoolExecutor, advance: Callable[[float], None]
    ) -> Callable[[], Outcome]:
        """Computes the result; the outcome is known when its files are written."""
        try:
            picture = coming.result()
            with RowPipe() as pipe:
                writing = writer.submit(self._write, pipe, picture)
                for rows in picture.rows:
                    if not pipe.put(rows):
                        break
                    advance(len(rows) / picture.height)
        except Exception as error:
            return _said(self._failed(error), self.say)
        return writing.result

    def _write(self, pipe: RowPipe, picture: Picture) -> Outcome:
        formats, peak = self.plan.missing, 0.0
        try:
            with result_files(
                self.destination.directory, self.destination.stem(self.source), formats, picture
            ) as files:
                for rows in pipe.bands():
                    peak = max(peak, float(rows.max()))
                    files.write_rows(rows)
        except AbandonedError:  # whose cause is the computing thread's to say
            raise
        except Exception as error:
            outcome = self._failed(error)
        else:
            names = [str(path) for path in self.destination.paths(self.source, formats)]
            told = [] if picture.hdr is None else [str(picture.hdr)]
            losses = loss_notes(formats, picture.options, peak, picture.info)
            notes = [*told, *picture.notes, *losses, *self.plan.notes, *files.notes]
            seconds = round(time.perf_counter() - self.started, 3)
            outcome = Outcome(str(self.source), "done", names, notes, seconds=seconds, peak=peak, hdr=picture.hdr)
        finally:
            pipe.refuse()
        self.say(outcome)
        return outcome

    def _failed(self, error: Exception) -> Outcome:
        return Outcome(str(self.source), "failed", error=named(self.source, error))


def named(source: Path, error: BaseException) -> str:
    """An error's text in one line that names the file; a mistake of the program says that it is one."""
    if isinstance(error, InputError):
        said = printable(str(error), at_most=LONGEST_LINE)
    elif isinstance(error, OSError) and error.errno:
        said = f"{error.filename or 'its result'}: {one_line(error)}; see to that folder, or give another one with -o"
    elif isinstance(error, OSError):
        said = one_line(error)
    elif isinstance(error, MemoryError | RuntimeError):  # PyTorch's lack of memory is the second
        said = f"{one_line(error)}; give a smaller --tile, or --max-megapixels to leave large ones out"
    else:
        said = f"unexpected {type(error).__name__} ({one_line(error)}); please report it with the file"
    return said if source.name in said else f"{source}: {said}"


@contextmanager
def _word_on_stopping(console: Console) -> Iterator[None]:
    """An encoder that has all rows cannot be stopped: seconds in which a user would wonder."""
    try:
        yield
    except (KeyboardInterrupt, SystemExit):
        console.print("stopping; a file that is being encoded is finished first")
        raise


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
    except KeyboardInterrupt as stop:
        raise KeyboardInterrupt(kept) from stop  # the command prints it
    except SystemExit:
        console.print(f"interrupted: {kept}")
        raise
