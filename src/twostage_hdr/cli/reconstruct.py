"""`twostage-hdr reconstruct`: photographs and videos in, HDR files out."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from pathlib import Path

from rich.console import Console

from twostage_hdr.cli.batch import Advance, Made, Picture, picture_files, run_batch
from twostage_hdr.cli.bracket import AUTO, find_brackets, read_bracket
from twostage_hdr.cli.destination import Destination
from twostage_hdr.cli.input_files import find_files, is_result
from twostage_hdr.cli.outcome import Report
from twostage_hdr.cli.terminal import Terminal
from twostage_hdr.errors import InputError
from twostage_hdr.imaging.colour_codes import is_hdr_signal
from twostage_hdr.imaging.formats import DEFAULT_FORMATS, FORMATS
from twostage_hdr.imaging.ldr import PHOTOGRAPHS
from twostage_hdr.imaging.photograph import read_photograph
from twostage_hdr.imaging.video.video_reader import VIDEO_SUFFIXES
from twostage_hdr.inference.bracket.reconstruct_bracket import BracketOptions
from twostage_hdr.inference.hardware import share_one_heap
from twostage_hdr.inference.reconstruct import ReconstructOptions, Reconstructor, load_reconstructor
from twostage_hdr.inference.reconstruct_video import VIDEO_ENDINGS, reconstruct_video, video_result_paths
from twostage_hdr.inference.result_files import ResultOptions
from twostage_hdr.inference.weights import default_weights, find_weights

_PQ_RESULTS = (".avif", ".jxl")


def reconstruct_all(
    names: Sequence[str],
    *,
    destination: Destination,
    weights: str | None,
    running: ReconstructOptions,
    options: ResultOptions,
    as_json: bool,
    bracket: BracketOptions | None = None,
    group: int | None = None,
) -> int:
    """Reconstructs every photograph and video; one that cannot be used does not stop the others.

    Args:
        names: files, folders and patterns; a file with a video's suffix is taken for one.
        destination: of the results; no formats for the default of photographs and of videos.
        weights: anything `load_weights` takes, None for the package's own.
        running: how the network runs.
        options: how results are written.
        as_json: print the outcome as JSON.
        bracket: how photographs are joined to brackets; None for one result each.
        group: photographs in each bracket, None to tell by the names or by EXIF.

    Returns:
        The exit code: 0, or 1 if an input failed.

    Raises:
        InputError: unknown formats, results that would overwrite an input, or unusable weights.
    """
    share_one_heap()
    console = Terminal(stderr=as_json)
    report = Report(console=console, as_json=as_json)
    named = [name for name in names if bracket is None or name != AUTO or Path(name).exists()]
    files, nothing = find_files(named, PHOTOGRAPHS, "photographs", wanted=_is_photograph, from_pattern=_is_photograph)
    report.add_failures(nothing)
    if not files:
        return report.finish()
    videos = {file: [file] for file in files if file.suffix.lower() in VIDEO_SUFFIXES}
    photographs = {file: [file] for file in files if file not in videos}
    _check_formats(destination.formats, photographs, videos, bracketed=bracket is not None)
    formats, folder = destination.formats, destination.directory
    pictures = replace(destination, formats=formats or DEFAULT_FORMATS, kinds=PHOTOGRAPHS)
    films = replace(destination, formats=formats or ("hevc",), paths_of=video_result_paths, folders=("exr",))
    if bracket is not None:
        photographs = find_brackets(names, list(photographs), group, console)
        running = replace(running, response="declared")  # a bracket's is found by its frames
    plan = pictures.plan(photographs) if photographs else {}
    film_plan = films.plan(videos) if videos else {}
    reconstructor = _ready(weights, running, pictures.formats, console)

    def read(path: Path) -> Picture:
        if bracket is not None:
            return read_bracket(photographs[path], bracket, reconstructor, options)
        return read_picture(path, reconstructor, options, ignore_gain_map=running.ignore_gain_map)

    def make_film(path: Path, missing: Sequence[str], advance: Advance) -> Made:
        peak, notes = reconstruct_video(path, folder, reconstructor, formats=missing, options=options, advance=advance)
        return peak, notes, None

    with pictures.made():
        with picture_files(plan, read, pictures) as make:
            run_batch(plan, make, report)
        run_batch(film_plan, make_film, report)
    return report.finish()


def _check_formats(
    formats: Sequence[str], photographs: Collection[Path], videos: Collection[Path], *, bracketed: bool
) -> None:
    """Refuses formats that not all inputs have, and videos among brackets."""
    one_sided = [name for name in formats if (name in FORMATS) != (name in VIDEO_ENDINGS)]
    if photographs and videos and one_sided:
        raise InputError(f"--to {','.join(one_sided)}", "not for photographs and videos alike", "do them in two runs")
    if bracketed and "uncertainty" in formats:
        raise InputError("--to uncertainty", "not for brackets", "leave it out")
    if bracketed and videos:
        raise InputError(min(videos), "a video is not a frame of a bracket", "reconstruct it without --bracket")


def _ready(weights: str | None, running: ReconstructOptions, formats: Sequence[str], console: Console) -> Reconstructor:
    """The network, ready to run; says which it is where nobody chose."""
    name = weights or default_weights()
    reconstructor = load_reconstructor(name, running)
    if "uncertainty" in formats and reconstructor.engine.whole_frame is None:
        raise InputError("--to uncertainty", f"{name} gives no quantiles", "leave it out or take the default set")
    if weights is None:
        shown = find_weights(name).stem
        console.print(f"Weights: {shown}, the package's default; choose others with --weights.")
    return reconstructor


def read_picture(
    path: Path, reconstructor: Reconstructor, options: ResultOptions, *, ignore_gain_map: bool = False
) -> Picture:
    """A photograph ready to be turned into results.

    Raises:
        InputError: it cannot be read.
    """
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
        notes=(*(() if result.hdr is None else (str(result.hdr),)), *photograph.notes),
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
