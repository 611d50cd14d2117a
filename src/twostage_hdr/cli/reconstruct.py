"""`twostage-hdr reconstruct`: photographs and videos in, HDR files out."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from rich.console import Console
from rich.markup import escape

from twostage_hdr.cli.batch import Destination, Picture, check_plan, run_batch
from twostage_hdr.cli.bracket import AUTO, BracketPlan, check_frames, with_frames
from twostage_hdr.cli.input_files import find_files, is_result
from twostage_hdr.cli.outcome import Outcome, Report, failures
from twostage_hdr.cli.video import check_videos, run_videos
from twostage_hdr.errors import InputError
from twostage_hdr.imaging.formats import DEFAULT_FORMATS, FORMATS
from twostage_hdr.imaging.hdr_signal import is_hdr_signal
from twostage_hdr.imaging.photograph import read_photograph
from twostage_hdr.imaging.video.video_reader import VIDEO_SUFFIXES
from twostage_hdr.inference.reconstruct import ReconstructOptions, load_reconstructor
from twostage_hdr.inference.reconstruct_video import VIDEO_ENDINGS
from twostage_hdr.inference.result_files import ResultOptions
from twostage_hdr.inference.weights import default_weights, find_weights

PHOTOGRAPHS = (".jpg", ".jpeg", ".png", ".tif", ".tiff", ".webp", ".avif", ".heic", ".heif", ".jxl", ".bmp")
"""Suffixes that are taken from a folder; a file that is named itself may have any. Their order is `result_stem`'s."""
_PQ_RESULTS = (".avif", ".jxl")
DEFAULT_VIDEO_FORMATS = ("hevc",)


def reconstruct_all(
    names: Sequence[str],
    *,
    directory: Path,
    weights: str | None,
    formats: Sequence[str] | None,
    running: ReconstructOptions,
    options: ResultOptions,
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
        running: how the network runs.
        options: how results are written.
        overwrite: replace results that exist.
        as_json: print the outcome as JSON.
        bracket: how photographs are joined to brackets; None for one result each.

    Returns:
        The exit code: 0, or 1 if an input failed.

    Raises:
        InputError: unknown formats, results that would overwrite an input, or unusable weights.
    """
    console = Console(highlight=False, soft_wrap=True, stderr=as_json)
    named = [name for name in names if bracket is None or name != AUTO or Path(name).exists()]
    files, nothing = find_files(named, PHOTOGRAPHS, "photographs", wanted=_is_photograph, from_pattern=_is_photograph)
    videos = [file for file in files if file.suffix.lower() in VIDEO_SUFFIXES]
    photographs = [file for file in files if file not in videos]
    if photographs and videos:
        _check_shared(formats or ())
    brackets: dict[Path, list[Path]] = {}
    destination = Destination(
        directory=directory, formats=formats or DEFAULT_FORMATS, kinds=PHOTOGRAPHS, overwrite=overwrite
    )
    report = Report(console=console, as_json=as_json)

    def say(outcome: Outcome) -> None:
        report.say(with_frames(outcome, brackets))

    if bracket is not None:
        if "uncertainty" in (formats or ()):
            raise InputError("--to uncertainty", "not for brackets", "leave it out")
        if videos:
            raise InputError(videos[0], "a video is not a frame of a bracket", "reconstruct it without --bracket")
        brackets = bracket.find(names, photographs, console)
        check_frames(brackets, destination)
        photographs = list(brackets)
    refused = check_plan(photographs, destination) if photographs or not videos else {}
    refused |= check_videos(videos, directory, formats or DEFAULT_VIDEO_FORMATS) if videos else {}
    if not files:
        return report.finish(failures(nothing, say))
    name = weights or default_weights()
    if bracket is not None:
        running = replace(running, response="declared")  # a bracket's is found by its frames
    reconstructor = load_reconstructor(name, running)
    if "uncertainty" in (formats or ()) and reconstructor.engine.whole_frame is None:
        raise InputError("--to uncertainty", f"{name} gives no quantiles", "leave it out or take the default set")
    if weights is None:
        console.print(
            f"Weights: {escape(find_weights(name).stem)}, the package's default; choose others with --weights."
        )

    def read(path: Path) -> Picture:
        if bracket is not None:
            return bracket.read(brackets[path], reconstructor, options)
        photograph = read_photograph(path, ignore_gain_map=running.ignore_gain_map)
        result = reconstructor.begin_photograph(photograph)
        height, width = photograph.shape
        return Picture(
            height=height,
            width=width,
            rows=result.rows,
            base=None if photograph.pixels is None else photograph.eight_bit(),
            options=options,
            info=photograph.info,
            source=path,
            notes=photograph.notes,
            hdr=result.hdr,
            uncertainty=result.uncertainty,
        )

    outcomes = failures(nothing, say)
    outcomes += run_batch(photographs, read, destination=destination, refused=refused, console=console, say=say)
    outcomes += run_videos(
        videos,
        reconstructor,
        directory=directory,
        formats=formats or DEFAULT_VIDEO_FORMATS,
        options=options,
        overwrite=overwrite,
        refused=refused,
        console=console,
        say=say,
    )
    return report.finish([with_frames(outcome, brackets) for outcome in outcomes])


def _check_shared(formats: Sequence[str]) -> None:
    """Refuses formats that only photographs or only videos have.

    Raises:
        InputError: names them.
    """
    one_sided = [name for name in formats if (name in FORMATS) != (name in VIDEO_ENDINGS)]
    if one_sided:
        raise InputError(f"--to {','.join(one_sided)}", "not for photographs and videos alike", "do them in two runs")


def _is_photograph(path: Path) -> bool:
    """Not a result of an earlier run, which may lie beside its photograph: `street.avif` in PQ beside `street.jpg`."""
    if is_result(path):
        return False
    if path.suffix.lower() not in _PQ_RESULTS:
        return True
    beside = (other for other in path.parent.iterdir() if other.suffix.lower() in PHOTOGRAPHS and other != path)
    owned = any(path.stem in (other.stem, f"{other.stem}_{other.suffix[1:]}") for other in beside)
    return not (owned and is_hdr_signal(path))
