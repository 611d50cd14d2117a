"""Videos among the inputs of `twostage-hdr reconstruct`: one after the other; a bad one does not stop the rest."""

import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from rich.console import Console

from twostage_hdr.cli.batch import named, progress
from twostage_hdr.cli.input_files import check_collisions, make_directory
from twostage_hdr.cli.outcome import Outcome, Pending, pending
from twostage_hdr.cli.terminal import plain
from twostage_hdr.inference.reconstruct import Reconstructor
from twostage_hdr.inference.reconstruct_video import reconstruct_video, video_result_paths
from twostage_hdr.inference.result_files import ResultOptions


def check_videos(videos: Sequence[Path], directory: Path, formats: Sequence[str]) -> dict[Path, str]:
    """Refuses formats that video does not have, and results that would replace an input.

    Returns:
        The videos that cannot be done beside the others, since they would share results, and why.

    Raises:
        InputError: names what is wrong.
    """
    return check_collisions({video: video_result_paths(directory, video.stem, formats) for video in videos})


def run_videos(
    videos: Sequence[Path],
    reconstructor: Reconstructor,
    *,
    directory: Path,
    formats: Sequence[str],
    options: ResultOptions,
    overwrite: bool,
    refused: dict[Path, str],
    console: Console,
) -> list[Outcome]:
    """An outcome for each video; those that are done are left alone unless `overwrite`."""
    if not videos:
        return []
    made = make_directory(directory)
    outcomes = []
    with progress(console) as bar:
        for video in videos:
            results = {name: video_result_paths(directory, video.stem, [name]) for name in formats}
            plan = pending(video, results, overwrite=overwrite, folders=("exr",))
            if why := refused.get(video) or plan.refused:
                outcomes.append(Outcome(str(video), "failed", error=why))
            elif not plan.missing:
                outcomes.append(Outcome(str(video), "skipped", _names(directory, video, formats), plan.notes))
            else:
                task = bar.add_task(plain(video.name), total=1)
                advance = partial(bar.advance, task)
                outcomes.append(_one(video, directory, reconstructor, plan, options, advance))
                bar.remove_task(task)
    if made and not any(directory.iterdir()):
        directory.rmdir()
    return outcomes


def _one(
    video: Path,
    directory: Path,
    reconstructor: Reconstructor,
    plan: Pending,
    options: ResultOptions,
    advance: Callable[[float], None],
) -> Outcome:
    started = time.perf_counter()
    try:
        result = reconstruct_video(
            video, directory, reconstructor, formats=plan.missing, options=options, advance=advance
        )
    except Exception as error:
        return Outcome(str(video), "failed", error=named(video, error))
    return Outcome(
        str(video),
        "done",
        _names(directory, video, plan.missing),
        [*result.notes, *plan.notes],
        seconds=round(time.perf_counter() - started, 3),
        peak=result.peak,
    )


def _names(directory: Path, video: Path, formats: Sequence[str]) -> list[str]:
    return [str(path) for path in video_result_paths(directory, video.stem, formats)]
