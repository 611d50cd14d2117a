"""From an ordinary video to HDR video frame by frame, in constant memory, with the gain smoothed over time."""

import math
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float

from twostage_hdr.errors import InputError
from twostage_hdr.imaging.pixel_arrays import LdrPixels, LinearPixels
from twostage_hdr.imaging.video.exr_sequence import exr_sequence
from twostage_hdr.imaging.video.hevc_writer import hevc_writer
from twostage_hdr.imaging.video.video_reader import video_reader
from twostage_hdr.inference.reconstruct import Reconstructor
from twostage_hdr.inference.result_files import ResultOptions, loss_notes
from twostage_hdr.inference.tiled import encoded_rows
from twostage_hdr.radiometry.gain import median_gain, well_exposed
from twostage_hdr.radiometry.gamma import HDM_GAMMA
from twostage_hdr.radiometry.luminance import luminance
from twostage_hdr.radiometry.photometry import WHITE

SECONDS = 0.5
"""Time constant of the exponential mean of the gain's logarithm, s: flicker goes, a change of light passes."""

CUT = 0.1
"""Mean change of the encoded input (full scale 1) between two frames that starts a new scene: pans and flicker of a
lamp stay well below it."""

_SAMPLES = 128
"""Rows and columns, at most, that the gain and the change are measured on."""


def frame_gain(ldr: LdrPixels, linear: LinearPixels) -> float | None:
    """`median_gain` of output over input on the well-exposed pixels, dimensionless; None where there are none.

    Args:
        ldr: the frame, full range of its type.
        linear: the network's result for it.
    """
    frame = torch.from_numpy(_sampled(ldr)).permute(2, 0, 1) ** HDM_GAMMA
    result = torch.from_numpy(np.ascontiguousarray(linear[_grid(ldr)])).permute(2, 0, 1)
    gain, pixels = median_gain(luminance(result), luminance(frame), well_exposed(frame))
    return float(gain) if pixels else None


class GainSmoothing:
    """The factor by which each frame is multiplied, in the order of the frames.

    Args:
        rate: frames a second.
        seconds: time constant, s.
    """

    def __init__(self, *, rate: float, seconds: float = SECONDS) -> None:
        self._share = 1 - math.exp(-1 / (rate * seconds))  # of a new frame in the mean
        self._mean: float | None = None  # of ln gain
        self._before: Float[np.ndarray, "rows columns 3"] | None = None

    def factor(self, ldr: LdrPixels, linear: LinearPixels) -> float:
        """Smoothed gain / the frame's own gain; 1 for the first frame of a scene.

        Args:
            ldr: the frame, full range of its type.
            linear: the network's result for it.
        """
        now = _sampled(ldr)
        if self._before is not None and float(np.abs(now - self._before).mean()) > CUT:
            self._mean = None
        self._before = now
        gain = frame_gain(ldr, linear)
        if gain is None:
            return 1.0
        own = math.log(gain)
        self._mean = own if self._mean is None else self._mean + self._share * (own - self._mean)
        return math.exp(self._mean - own)


def _grid(ldr: LdrPixels) -> tuple[slice, slice]:
    rows, columns = (max(side // _SAMPLES, 1) for side in ldr.shape[:2])
    return slice(None, None, rows), slice(None, None, columns)


def _sampled(ldr: LdrPixels) -> Float[np.ndarray, "rows columns 3"]:
    """Encoded values in [0, 1] on a grid."""
    return encoded_rows(ldr[_grid(ldr)])


VIDEO_ENDINGS = {"hevc": "_hdr.mp4", "exr": "_exr"}
"""Formats of video by name, and what each adds to the video's stem; `exr` is a folder of frames."""


class VideoResult(NamedTuple):
    """What is reported about a finished video."""

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
            raise InputError(f"format {name!r}", "not for videos", f"choose from {', '.join(VIDEO_ENDINGS)}")
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
        advance: called with the share of the video that is done with each frame.

    Raises:
        InputError: a video that cannot be read, or a format that video does not have.
    """
    places = dict(zip(formats, video_result_paths(directory, path.stem, formats), strict=True))
    peak = 0.0
    with video_reader(path) as video, ExitStack() as stack:
        movie = sequence = None
        if "hevc" in places:
            nits = options.white_nits or WHITE
            movie = stack.enter_context(hevc_writer(places["hevc"], video, white_nits=nits, quality=options.quality))
        if "exr" in places:
            sequence = stack.enter_context(exr_sequence(places["exr"], path.stem, options))
        smoothing = GainSmoothing(rate=float(video.rate))
        share = 1 / (video.count or 1)
        for frame in video.frames():
            linear = reconstructor.image(frame.pixels)
            linear *= smoothing.factor(frame.pixels, linear)
            peak = max(peak, float(linear.max()))
            if movie is not None:
                movie.write(linear, frame.ticks, pixel_aspect=frame.pixel_aspect)
            if sequence is not None:
                sequence(linear, float(frame.pixel_aspect))
            advance(share)
    damage = (f"damaged packets left out: {video.damaged}",) if video.damaged else ()
    clipped = loss_notes(["exr"] if sequence else [], options, peak)
    return VideoResult(peak, (*damage, *(movie.notes if movie else ()), *clipped))
