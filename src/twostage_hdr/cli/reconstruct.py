"""`twostage-hdr reconstruct`: photographs and videos in, HDR files out."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from twostage_hdr.cli.batch import Picture, check_plan, run_batch
from twostage_hdr.cli.bracket import AUTO, BracketPlan, check_frames, with_frames
from twostage_hdr.cli.input_files import find_files, is_result
from twostage_hdr.cli.outcome import failures, report
from twostage_hdr.cli.terminal import Terminal
from twostage_hdr.cli.video import check_videos, run_videos
from twostage_hdr.errors import InputError
from twostage_hdr.imaging.ldr import read_ldr
from twostage_hdr.imaging.video.video_reader import VIDEO_SUFFIXES
from twostage_hdr.inference.reconstruct import load_reconstructor
from twostage_hdr.inference.reconstruct_video import VIDEO_ENDINGS
from twostage_hdr.inference.result_files import DEFAULT_FORMATS, ENDINGS, ResultOptions
from twostage_hdr.inference.weights import default_weights, find_weights

PHOTOGRAPHS = frozenset((".jpg", ".jpeg", ".png", ".tif", ".tiff", ".webp", ".avif", ".heic", ".heif", ".bmp"))
"""Suffixes that are taken from a folder; a file that is named itself may have any."""
DEFAULT_VIDEO_FORMATS = ("hevc",)


def reconstruct_all(
    names: Sequence[str],
    *,
    directory: Path,
    weights: str | None,
    formats: Sequence[str] | None,
    response: str,
    lights: float | None,
    options: ResultOptions,
    device: str,
    precision: str,
    tile: int | None,
    trust: Sequence[str] = (),
    overwrite: bool,
    as_json: bool,
    bracket: BracketPlan | None = None,
) -> int:
    """Reconstructs every photograph and video; one that cannot be used does not stop the others.

    Args:
        names: files, folders and patterns; a file with a video's suffix is taken for one.
        directory: for the results.
        weights: anything `load_weights` takes, None for the package's own.
        formats: None for the default of photographs and of videos.
        response: see `load_reconstructor`.
        lights: see `load_reconstructor`.
        options: how results are written.
        device: see `load_reconstructor`.
        precision: see `load_reconstructor`.
        tile: see `load_reconstructor`.
        trust: see `load_weights`.
        overwrite: replace results that exist.
        as_json: tell the outcome as JSON.
        bracket: how photographs are joined to brackets; None for one result each.

    Returns:
        The exit code: 0, or 1 if an input failed.

    Raises:
        InputError: unknown formats, results that would overwrite an input, or unusable weights.
    """
    console = Terminal(stderr=as_json)
    named = [name for name in names if bracket is None or name != AUTO or Path(name).exists()]
    files, nothing = find_files(named, PHOTOGRAPHS, "photographs", wanted=_is_photograph, from_pattern=_is_photograph)
    videos = [file for file in files if file.suffix.lower() in VIDEO_SUFFIXES]
    photographs = [file for file in files if file not in videos]
    if photographs and videos:
        _check_shared(formats or ())
    brackets: dict[Path, list[Path]] = {}
    if bracket is not None:
        if "uncertainty" in (formats or ()):
            raise InputError("--to uncertainty", "not for brackets", "leave it out")
        if videos:
            raise InputError(videos[0], "a video is not a frame of a bracket", "reconstruct it without --bracket")
        brackets = bracket.find(names, photographs, console)
        check_frames(brackets, directory, formats or DEFAULT_FORMATS)
        photographs = list(brackets)
    refused = check_plan(photographs, directory, formats or DEFAULT_FORMATS) if photographs or not videos else {}
    refused |= check_videos(videos, directory, formats or DEFAULT_VIDEO_FORMATS) if videos else {}
    if not files:
        return report(failures(nothing), console, as_json=as_json)
    name = weights or default_weights()
    reconstructor = load_reconstructor(
        name,
        device=device,
        precision=precision,
        tile=tile,
        response=response if bracket is None else "declared",  # a bracket's is found by its frames
        lights=lights,
        trust=trust,
    )
    if "uncertainty" in (formats or ()) and reconstructor.engine.whole_frame is None:
        raise InputError("--to uncertainty", f"{name} gives no quantiles", "leave it out or take the default set")
    if weights is None:
        console.print(f"Weights: {find_weights(name).stem}, the package's default; choose others with --weights.")

    def read(path: Path) -> Picture:
        if bracket is not None:
            return bracket.read(brackets[path], reconstructor, options)
        image = read_ldr(path)
        height, width = image.pixels.shape[:2]
        base = image.pixels if image.pixels.dtype == np.uint8 else (image.pixels // 257).astype(np.uint8)
        result = reconstructor.begin(image.pixels)
        return Picture(
            height=height,
            width=width,
            rows=result.rows,
            base=base,
            options=options,
            notes=image.notes,
            uncertainty=result.uncertainty,
        )

    outcomes = failures(nothing)
    outcomes += run_batch(
        photographs,
        read,
        directory=directory,
        formats=formats or DEFAULT_FORMATS,
        overwrite=overwrite,
        refused=refused,
        console=console,
    )
    outcomes += run_videos(
        videos,
        reconstructor,
        directory=directory,
        formats=formats or DEFAULT_VIDEO_FORMATS,
        options=options,
        overwrite=overwrite,
        refused=refused,
        console=console,
    )
    return report([with_frames(outcome, brackets) for outcome in outcomes], console, as_json=as_json)


def _check_shared(formats: Sequence[str]) -> None:
    """Refuses formats that only photographs or only videos have.

    Raises:
        InputError: names them.
    """
    one_sided = [name for name in formats if (name in ENDINGS) != (name in VIDEO_ENDINGS)]
    if one_sided:
        raise InputError(f"--to {','.join(one_sided)}", "not for photographs and videos alike", "do them in two runs")


def _is_photograph(path: Path) -> bool:
    """Not a result of an earlier run, which may lie beside its photograph."""
    return not is_result(path)
