"""`twostage-hdr reconstruct`: photographs and videos in, HDR files out."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from twostage_hdr.cli.batch import Picture, run_batch
from twostage_hdr.cli.bracket import AUTO, BracketPlan, check_frames, with_frames
from twostage_hdr.cli.destination import Destination, check_plan
from twostage_hdr.cli.input_files import find_files, is_result
from twostage_hdr.cli.outcome import Outcome, Report, failures
from twostage_hdr.cli.terminal import Terminal
from twostage_hdr.cli.video import run_videos
from twostage_hdr.errors import InputError
from twostage_hdr.imaging.colour_codes import is_hdr_signal
from twostage_hdr.imaging.formats import DEFAULT_FORMATS, FORMATS
from twostage_hdr.imaging.photograph import read_photograph
from twostage_hdr.imaging.video.video_reader import VIDEO_SUFFIXES
from twostage_hdr.inference.reconstruct import ReconstructOptions, Reconstructor, load_reconstructor
from twostage_hdr.inference.reconstruct_video import VIDEO_ENDINGS, video_result_paths
from twostage_hdr.inference.result_files import ResultOptions
from twostage_hdr.inference.weights import default_weights, find_weights

PHOTOGRAPHS = (".jpg", ".jpeg", ".png", ".tif", ".tiff", ".webp", ".avif", ".heic", ".heif", ".jxl", ".bmp")
"""Suffixes that are taken from a folder; a file that is named itself may have any. Their order is `result_stem`'s."""
_PQ_RESULTS = (".avif", ".jxl")


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
    console = Terminal(stderr=as_json)
    report = Report(console=console, as_json=as_json)
    named = [name for name in names if bracket is None or name != AUTO or Path(name).exists()]
    files, nothing = find_files(named, PHOTOGRAPHS, "photographs", wanted=_is_photograph, from_pattern=_is_photograph)
    if not files:
        return report.finish(failures(nothing, report.say))
    videos = [file for file in files if file.suffix.lower() in VIDEO_SUFFIXES]
    photographs = [file for file in files if file not in videos]
    _check_formats(formats or (), photographs, videos, bracket)
    pictures = Destination(
        directory=directory, formats=formats or DEFAULT_FORMATS, kinds=PHOTOGRAPHS, overwrite=overwrite
    )
    films = replace(pictures, formats=formats or ("hevc",), kinds=(), paths_of=video_result_paths, folders=("exr",))
    brackets: dict[Path, list[Path]] = {}
    if bracket is not None:
        brackets = bracket.find(names, photographs, console)
        check_frames(brackets, pictures)
        photographs = list(brackets)
        running = replace(running, response="declared")  # a bracket's is found by its frames
    refused = (check_plan(photographs, pictures) if photographs else {}) | (check_plan(videos, films) if videos else {})
    reconstructor = _ready(weights, running, pictures.formats, console)

    def read(path: Path) -> Picture:
        if bracket is not None:
            return bracket.read(brackets[path], reconstructor, options)
        return _photograph(path, reconstructor, options, ignore_gain_map=running.ignore_gain_map)

    def say(outcome: Outcome) -> None:
        report.say(with_frames(outcome, brackets))

    outcomes = failures(nothing, say)
    outcomes += run_batch(photographs, read, destination=pictures, refused=refused, console=console, say=say)
    outcomes += run_videos(
        videos, reconstructor, destination=films, options=options, refused=refused, console=console, say=say
    )
    return report.finish([with_frames(outcome, brackets) for outcome in outcomes])


def _check_formats(
    formats: Sequence[str], photographs: Sequence[Path], videos: Sequence[Path], bracket: BracketPlan | None
) -> None:
    """Refuses formats that not all inputs have, and videos among brackets.

    Raises:
        InputError: names them.
    """
    one_sided = [name for name in formats if (name in FORMATS) != (name in VIDEO_ENDINGS)]
    if photographs and videos and one_sided:
        raise InputError(f"--to {','.join(one_sided)}", "not for photographs and videos alike", "do them in two runs")
    if bracket is not None and "uncertainty" in formats:
        raise InputError("--to uncertainty", "not for brackets", "leave it out")
    if bracket is not None and videos:
        raise InputError(videos[0], "a video is not a frame of a bracket", "reconstruct it without --bracket")


def _ready(
    weights: str | None, running: ReconstructOptions, formats: Sequence[str], console: Terminal
) -> Reconstructor:
    """The network, ready to run; says which it is where nobody chose.

    Raises:
        InputError: weights that cannot be used, or that do not give what a format holds.
    """
    name = weights or default_weights()
    reconstructor = load_reconstructor(name, running)
    if "uncertainty" in formats and reconstructor.engine.whole_frame is None:
        raise InputError("--to uncertainty", f"{name} gives no quantiles", "leave it out or take the default set")
    if weights is None:
        shown = find_weights(name).stem
        console.print(f"Weights: {shown}, the package's default; choose others with --weights.")
    return reconstructor


def _photograph(path: Path, reconstructor: Reconstructor, options: ResultOptions, *, ignore_gain_map: bool) -> Picture:
    photograph = read_photograph(path, ignore_gain_map=ignore_gain_map)
    height, width = photograph.shape
    result = reconstructor.begin_photograph(photograph)
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


def _is_photograph(path: Path) -> bool:
    """Not a result of an earlier run, which may lie beside its photograph: `street.avif` in PQ beside `street.jpg`."""
    if is_result(path):
        return False
    if path.suffix.lower() not in _PQ_RESULTS:
        return True
    beside = (other for other in path.parent.iterdir() if other.suffix.lower() in PHOTOGRAPHS and other != path)
    owned = any(path.stem in (other.stem, f"{other.stem}_{other.suffix[1:]}") for other in beside)
    return not (owned and is_hdr_signal(path))
