"""Many files in, HDR files out: reading, computing and writing overlap, and one bad file does not stop the others."""

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import TypeAlias

import numpy as np
from jaxtyping import Float32
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from twostage_hdr.boundary.refusal import one_line, printable
from twostage_hdr.cli.input_files import check_collisions, make_directory
from twostage_hdr.cli.outcome import LONGEST_LINE, Outcome, Pending, pending
from twostage_hdr.cli.terminal import plain
from twostage_hdr.errors import InputError
from twostage_hdr.imaging.pixel_arrays import PreviewPixels
from twostage_hdr.inference.result_files import ResultFiles, ResultOptions, Uncertainty, loss_notes, result_paths

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
class Picture:
    """A file that is read and ready to be turned into results.

    Attributes:
        height: rows.
        width: pixels in a row.
        rows: the linear result from top to bottom, computed as it is taken.
        base: the photograph in sRGB, which Ultra HDR shows on ordinary screens.
        options: how the results are written.
        notes: what was changed on the way in.
        uncertainty: see `Reconstruction`; None where there is none.
    """

    height: int
    width: int
    rows: Iterable[np.ndarray]
    base: PreviewPixels | None
    options: ResultOptions
    notes: tuple[str, ...] = ()
    uncertainty: Uncertainty | None = None


Read: TypeAlias = Callable[[Path], Picture]


def check_plan(sources: Sequence[Path], directory: Path, formats: Sequence[str]) -> dict[Path, str]:
    """Refuses formats that are unknown, results that would replace an input, and a folder that cannot be made.

    Returns:
        The sources that cannot be done beside the others, since they would share results, and why.

    Raises:
        InputError: names what is wrong.
    """
    try:
        for part in (directory, *directory.parents):
            if part.exists() and not part.is_dir():
                raise InputError(part, "is a file", "give a folder with -o")
    except OSError as error:
        raise InputError(directory, f"{error.strerror}", "give another folder with -o") from error
    return check_collisions({source: result_paths(directory, source.stem, formats) for source in sources})


def run_batch(
    sources: Sequence[Path],
    read: Read,
    *,
    directory: Path,
    formats: Sequence[str],
    overwrite: bool,
    refused: Mapping[Path, str],
    console: Console,
) -> list[Outcome]:
    """Turns every source into files of every format; those that are there are left alone unless `overwrite`.

    Args:
        sources: what `check_plan` accepted.
        read: opens one source; called in a thread of its own, ahead of the computation.
        directory: where the results go; made if it is missing.
        formats: see `result_paths`.
        overwrite: replace results that exist.
        refused: sources that `check_plan` said cannot be done, and why.
        console: where progress is shown.

    Returns:
        An outcome for each source, in their order.
    """
    if not sources:
        return []
    made = make_directory(directory)
    plans = {source: pending(source, _results(directory, source, formats), overwrite=overwrite) for source in sources}
    refused = {source: plan.refused for source, plan in plans.items() if plan.refused} | dict(refused)
    outcomes: dict[Path, Callable[[], Outcome]] = {
        source: partial(Outcome, str(source), "failed", error=why) for source, why in refused.items()
    }
    pools = ThreadPoolExecutor(1), ThreadPoolExecutor(1)
    with progress(console) as bar, pools[0] as reader, pools[1] as writer, _word_on_stopping(console):
        waiting = [source for source in sources if plans[source].missing and source not in refused]
        task = bar.add_task("reading", total=len(waiting))
        for place, (source, coming) in enumerate(_ahead(reader, read, waiting)):
            bar.update(task, description=plain(source.name))
            advance = partial(bar.advance, task)
            outcomes[source] = _one(source, coming, writer, directory, plans[source], advance)
            bar.update(task, completed=place + 1)
        bar.update(task, description="writing")
        finished = [
            outcomes[source]()
            if source in outcomes
            else Outcome(str(source), "skipped", _names(directory, source, formats), plans[source].notes)
            for source in sources
        ]
    if made and not any(directory.iterdir()):
        directory.rmdir()
    return finished


def _ahead(reader: ThreadPoolExecutor, read: Read, sources: Sequence[Path]) -> Iterator[tuple[Path, "Future[Picture]"]]:
    """Each source with its picture, the next one being read meanwhile."""
    coming = [reader.submit(read, source) for source in sources[:1]]
    for place, source in enumerate(sources):
        coming += [reader.submit(read, following) for following in sources[place + 1 : place + 2]]
        yield source, coming.pop(0)


def _one(
    source: Path,
    coming: "Future[Picture]",
    writer: ThreadPoolExecutor,
    directory: Path,
    plan: Pending,
    advance: Callable[[float], None],
) -> Callable[[], Outcome]:
    """Computes one source's result; the outcome is known when its files are written."""
    formats = plan.missing
    started, peak = time.perf_counter(), 0.0
    try:
        picture = coming.result()
        with RowPipe() as pipe:
            writing = writer.submit(_write, pipe, picture, directory, source.stem, formats)
            for rows in picture.rows:
                peak = max(peak, float(rows.max()))
                if not pipe.put(rows):
                    break
                advance(len(rows) / picture.height)
    except Exception as error:
        failure = Outcome(str(source), "failed", error=named(source, error))
        return lambda: failure

    notes = [*picture.notes, *loss_notes(formats, picture.options, peak), *plan.notes]
    done = Outcome(str(source), "done", _names(directory, source, formats), notes, peak=peak)
    return lambda: _written(done, source, writing, started)  # holds no pixels


def _written(done: Outcome, source: Path, writing: "Future[float]", started: float) -> Outcome:
    try:
        return replace(done, seconds=round(writing.result() - started, 3))
    except Exception as error:
        return Outcome(str(source), "failed", error=named(source, error))


def _write(pipe: RowPipe, picture: Picture, directory: Path, stem: str, formats: Sequence[str]) -> float:
    """Writes what comes through the pipe; the time at which that was done."""
    size = {"width": picture.width, "height": picture.height}
    try:
        with ResultFiles(
            directory,
            stem,
            formats,
            **size,
            options=picture.options,
            base=picture.base,
            uncertainty=picture.uncertainty,
        ) as files:
            for rows in pipe.bands():
                files.write_rows(rows)
    finally:
        pipe.refuse()
    return time.perf_counter()


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


def _results(directory: Path, source: Path, formats: Sequence[str]) -> dict[str, list[Path]]:
    """A format's first file appears last."""
    return {name: result_paths(directory, source.stem, [name]) for name in formats}


def _names(directory: Path, source: Path, formats: Sequence[str]) -> list[str]:
    return [str(path) for path in result_paths(directory, source.stem, formats)]


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
    kept = "finished files are kept, the next run goes on from there"
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), TextColumn("{task.percentage:3.0f} %"))
    try:
        with Progress(*columns, TimeRemainingColumn(), console=console, transient=True) as bar:
            yield bar
    except KeyboardInterrupt as stop:
        raise KeyboardInterrupt(kept) from stop  # the command prints it
    except SystemExit:
        console.print(f"interrupted: {kept}")
        raise
