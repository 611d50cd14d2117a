"""Videos among the inputs of `twostage-hdr reconstruct`: one after the other; a bad one does not stop the rest."""

import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

from rich.console import Console

from twostage_hdr.cli.batch import Say, named, progress
from twostage_hdr.cli.destination import Destination, Pending, make_directory
from twostage_hdr.cli.outcome import Outcome
from twostage_hdr.cli.terminal import plain
from twostage_hdr.inference.reconstruct import Reconstructor
from twostage_hdr.inference.reconstruct_video import reconstruct_video
from twostage_hdr.inference.result_files import ResultOptions


def run_videos(
    videos: Sequence[Path],
    reconstructor: Reconstructor,
    *,
    destination: Destination,
    options: ResultOptions,
    refused: Mapping[Path, str],
    console: Console,
    say: Say,
) -> list[Outcome]:
    """An outcome for each video, said as soon as it is known."""
    if not videos:
        return []
    made = make_directory(destination.directory)
    outcomes = []
    with progress(console) as bar:
        for video in videos:
            plan = destination.pending(video)
            if why := refused.get(video) or plan.refused:
                outcomes.append(Outcome(str(video), "failed", error=why))
            elif not plan.missing:
                names = [str(path) for path in destination.paths(video)]
                outcomes.append(Outcome(str(video), "skipped", names, plan.notes))
            else:
                task = bar.add_task(plain(video.name), total=1)
                advance = partial(bar.advance, task)
                outcomes.append(_one(video, destination, reconstructor, plan, options, advance))
                bar.remove_task(task)
            say(outcomes[-1])
    if made and not any(destination.directory.iterdir()):
        destination.directory.rmdir()
    return outcomes


def _one(
    video: Path,
    destination: Destination,
    reconstructor: Reconstructor,
    plan: Pending,
    options: ResultOptions,
    advance: Callable[[float], None],
) -> Outcome:
    started = time.perf_counter()
    try:
        result = reconstruct_video(
            video, destination.directory, reconstructor, formats=plan.missing, options=options, advance=advance
        )
    except Exception as error:
        return Outcome(str(video), "failed", error=named(video, error))
    return Outcome(
        str(video),
        "done",
        [str(path) for path in destination.paths(video, plan.missing)],
        [*result.notes, *plan.notes],
        seconds=round(time.perf_counter() - started, 3),
        peak=result.peak,
    )
