"""Reading an ordinary video frame by frame as upright R'G'B' pixels, through FFmpeg's libraries (PyAV)."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from twostage_hdr.boundary.pixel_limit import HDR_BYTES, check_pixels
from twostage_hdr.boundary.refusal import as_input_error
from twostage_hdr.boundary.regular_file import regular_file
from twostage_hdr.errors import InputError
from twostage_hdr.imaging.colour_codes import SIGNALS
from twostage_hdr.imaging.pixel_arrays import LdrPixels
from twostage_hdr.imaging.video.timeline import Stamp, Timeline, part_offsets

VIDEO_SUFFIXES = frozenset((".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi", ".mts", ".m2ts"))
"""Names that are taken for videos."""
_CONTAINERS = "mov,matroska,avi,mpegts"
"""FFmpeg's names of what VIDEO_SUFFIXES stand for."""
_CURE = "copy or export it again"
_UNSPECIFIED = 2
"""Code of what a file does not say, in all tables of ITU-T H.273."""
_BT709 = 1
_HD_LINES = 720
"""Videos of at least so many lines that do not say so have the matrix of BT.709, smaller ones that of BT.601."""


@dataclass(frozen=True, kw_only=True)
class VideoFrame:
    """One frame.

    Attributes:
        pixels: HxWx3 uint8 or uint16, display-encoded, full range, upright.
        ticks: when it is shown from the video's beginning on, in units of its `tick`.
        pixel_aspect: width / height of a pixel; 1 where the file does not say.
    """

    pixels: LdrPixels
    ticks: int
    pixel_aspect: Fraction = Fraction(1)


@contextmanager
def video_reader(path: Path) -> Iterator["VideoReader"]:
    """Opens a video.

    Raises:
        InputError: none, one that cannot be read, or one that is HDR already.
    """
    regular_file(path)
    with as_input_error(path, "use MP4 or MOV", "not a video that can be read"):
        container: Any = open_video(path)
    with container:
        with as_input_error(path, _CURE, "damaged"):
            reader = VideoReader(path, container)
        yield reader


class VideoReader:
    """The frames of a file's first video stream, one at a time; see `video_reader`."""

    def __init__(self, path: Path, container: Any) -> None:
        self.path, self.container = path, container
        self.damaged = 0
        """Packets, of those that have been decoded, that were left out."""
        self._counted = 0
        if not container.streams.video:
            raise InputError(path, "no video in it", "an ordinary video is expected here")
        self._stream = container.streams.video[0]
        self._stream.thread_type = "AUTO"
        context = self._stream.codec_context
        if int(context.color_trc) in SIGNALS:
            raise InputError(path, f"already HDR ({SIGNALS[context.color_trc]})", "an ordinary video is expected here")
        if context.width and context.height:
            check_pixels(path, context.width, context.height, HDR_BYTES)
        self.offsets = self._offsets()

    @property
    def tick(self) -> Fraction:
        """Unit of the frames' times, seconds."""
        return Fraction(self._stream.time_base)

    @property
    def index(self) -> int:
        """The video stream's number in the file."""
        return int(self._stream.index)

    @property
    def rate(self) -> Fraction:
        """Frames a second, on average; 25 where the file does not say."""
        return Fraction(self._stream.average_rate or 25)

    @property
    def count(self) -> int | None:
        """About how many frames there are; None where the file does not say."""
        if self._counted:
            return self._counted
        if self._stream.frames:
            return int(self._stream.frames)
        if self._stream.duration is not None:
            return max(round(self._stream.duration * self.tick * self.rate), 1)
        if self.container.duration is not None:
            return max(round(self.container.duration / 1_000_000 * self.rate), 1)
        return None

    def frames(self) -> Iterator[VideoFrame]:
        """All frames in the order in which they are shown; odd sizes lose their last row or column.

        Damaged packets are left out, as players do.

        Raises:
            InputError: unreadable from some place on, of several sizes, or without a single frame.
        """
        number, size = 0, None
        decoded = self._decoded()
        while True:
            with as_input_error(self.path, _CURE, f"damaged after {number} frames"):
                frame = next(decoded, None)
            if frame is None:
                break
            shape = f"{frame.pixels.shape[1]}x{frame.pixels.shape[0]}"
            if size not in (None, shape):
                seen = f"{shape} px from frame {number + 1} on, {size} before"
                raise InputError(self.path, seen, "cut it there and do both")
            size = shape
            yield frame
            number += 1
        if number == 0:
            raise InputError(self.path, "no frame in it can be read", _CURE)

    def _decoded(self) -> Iterator[VideoFrame]:
        """Frames of all packets but the damaged ones."""
        damaged = import_av(self.path).error.InvalidDataError
        timeline = Timeline(tick=self.tick, offsets=self.offsets[self._stream.index])
        for packet in self.container.demux(self._stream):
            try:
                frames = packet.decode()
            except damaged:
                self.damaged += 1
                continue
            for frame in frames:
                check_pixels(self.path, frame.width, frame.height, HDR_BYTES)
                aspect = Fraction(self._stream.sample_aspect_ratio or 1)
                yield VideoFrame(
                    pixels=_pixels(frame),
                    ticks=timeline.place(frame.pts),
                    pixel_aspect=1 / aspect if round(frame.rotation / 90) % 2 == 1 else aspect,
                )

    def _offsets(self) -> dict[int, list[Fraction]]:
        """What to add to the times of each stream, s, in each part of a file whose clock starts again."""
        streams = [self._stream, *self.container.streams.audio]
        if self.container.format.name != "mpegts":  # others say themselves where they begin
            begin = Fraction(max(self.container.start_time or 0, 0), 1_000_000)
            return {stream.index: [-begin] for stream in streams}
        found = part_offsets(self._stamps([stream.index for stream in streams]))
        return {stream.index: found.get(stream.index, [Fraction(0)]) for stream in streams}

    def _stamps(self, streams: Sequence[int]) -> Iterator[Stamp]:
        """Once through the file, undecoded; counts the frames on the way."""
        with open_video(self.path) as file:
            for packet in file.demux(*(file.streams[stream] for stream in streams)):
                if packet.dts is None:
                    continue
                self._counted += packet.stream.index == self.index
                yield Stamp(
                    stream=packet.stream.index,
                    decoded=packet.dts * packet.time_base,
                    shown=(packet.dts if packet.pts is None else packet.pts) * packet.time_base,
                    duration=(packet.duration or 0) * packet.time_base or 1 / self.rate,
                )


def open_video(path: Path) -> Any:
    """FFmpeg's container; a clock that goes back stays so, and is not taken for one that was full.

    Playlists and the like, which make FFmpeg open other files and addresses, are not among the containers.
    """
    options = {"correct_ts_overflow": "0", "format_whitelist": _CONTAINERS, "protocol_whitelist": "file"}
    return import_av(path).open(str(path), options=options)


def import_av(path: Path) -> Any:
    """PyAV.

    Raises:
        InputError: it is not installed.
    """
    try:
        import av
    except ImportError:
        raise InputError(path, "video needs one more package", "pip install 'twostage-hdr[video]'") from None
    return av


def _pixels(frame: Any) -> LdrPixels:
    deep = frame.format.components[0].bits > 8
    matrix = int(frame.colorspace)
    if matrix == _UNSPECIFIED and not frame.format.is_rgb:
        matrix = _BT709 if frame.height >= _HD_LINES else 5  # BT.601
    rgb = frame.to_ndarray(format="rgb48le" if deep else "rgb24", src_colorspace=matrix)
    upright = np.rot90(rgb, round(frame.rotation / 90))
    height, width = (side // 2 * 2 for side in upright.shape[:2])
    return np.ascontiguousarray(upright[:height, :width])
