"""From an ordinary video to HDR video, frame by frame: memory does not grow with its length."""

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

from twostage_hdr.errors import InputError
from twostage_hdr.imaging.exr_sequence import ExrSequence
from twostage_hdr.imaging.hevc_writer import HevcWriter
from twostage_hdr.imaging.pq_pixels import WHITE_NITS
from twostage_hdr.imaging.video_reader import VideoReader
from twostage_hdr.inference.gain_smoothing import GainSmoothing
from twostage_hdr.inference.reconstruct import Reconstructor
from twostage_hdr.inference.result_files import ResultOptions, loss_notes

VIDEO_ENDINGS = {"hevc": "_hdr.mp4", "exr": "_exr"}
"""Formats of video by name, and what each adds to the video's stem; `exr` is a folder of frames."""


class VideoResult(NamedTuple):
    """What there is to tell about a video that is done."""

    peak: float
    """Brightest value written, linear, 1.0 = the video's white."""
    notes: tuple[str, ...]


def video_result_paths(directory: Path, stem: str, formats: Sequence[str]) -> list[Path]:
    """The files and folders that a video of that stem becomes.

    Raises:
        InputError: a format that video does not have.
    """
    for name in formats:
        if name not in VIDEO_ENDINGS:
            raise InputError(f"format {name!r}: not for videos; choose from {', '.join(VIDEO_ENDINGS)}")
    return [directory / f"{stem}{VIDEO_ENDINGS[name]}" for name in formats]


def reconstruct_video(
    path: Path,
    directory: Path,
    reconstructor: Reconstructor,
    *,
    formats: Sequence[str],
    options: ResultOptions,
    advance: Callable[[float], None],
) -> VideoResult:
    """Writes the HDR video; nothing appears under its name before it is complete.

    Args:
        path: the video.
        directory: where the results go.
        reconstructor: the network.
        formats: keys of `VIDEO_ENDINGS`.
        options: how results are written.
        advance: is told the share of the video that each frame is.

    Raises:
        InputError: a video that cannot be read, or a format that video does not have.
    """
    places = dict(zip(formats, video_result_paths(directory, path.stem, formats), strict=True))
    peak = 0.0
    with VideoReader(path) as video, ExitStack() as stack:
        movie = sequence = None
        if "hevc" in places:
            nits = options.white_nits or WHITE_NITS
            movie = HevcWriter(places["hevc"], video, white_nits=nits, quality=options.quality)
            stack.enter_context(movie)
        if "exr" in places:
            sequence = ExrSequence(
                places["exr"],
                path.stem,
                half=options.half,
                compression=options.compression,
                white_nits=options.white_nits,
            )
            stack.enter_context(sequence)
        smoothing = GainSmoothing(rate=float(video.rate))
        share = 1 / (video.count or 1)
        for frame in video.frames():
            linear = reconstructor.image(frame.pixels)
            linear *= smoothing.factor(frame.pixels, linear)
            peak = max(peak, float(linear.max()))
            if movie is not None:
                movie.write(linear, frame.ticks, pixel_aspect=frame.pixel_aspect)
            if sequence is not None:
                sequence.write(linear, pixel_aspect=float(frame.pixel_aspect))
            advance(share)
    damage = (f"damaged packets left out: {video.damaged}",) if video.damaged else ()
    clipped = loss_notes(["exr"] if sequence else [], options, peak)
    return VideoResult(peak, (*damage, *(movie.notes if movie else ()), *clipped))
