"""Writing HDR10 video: HEVC of 10 bits, PQ, BT.2020, in MP4, through FFmpeg's libraries and x265 (PyAV)."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float32

from twostage_hdr.errors import InputError
from twostage_hdr.imaging.atomic import atomic_path, software_tag
from twostage_hdr.imaging.chromaticities import REC709
from twostage_hdr.imaging.pixel_arrays import LinearPixels
from twostage_hdr.imaging.pq_pixels import BT2020_PRIMARIES, PQ_TRANSFER, to_pq2020, ycbcr420
from twostage_hdr.imaging.video.timeline import Timeline, are_together
from twostage_hdr.imaging.video.video_reader import VideoReader, import_av, open_video
from twostage_hdr.radiometry.photometry import PQ_PEAK, WHITE

_BT2020_NCL_MATRIX = 9  # ITU-T H.273
_NARROW_RANGE = 1  # AVCOL_RANGE_MPEG
_MP4_AUDIO = frozenset(("aac", "ac3", "alac", "eac3", "flac", "mp3", "opus"))
"""Sound that MP4 takes as it is."""
_SMALLEST_SIDE = 64
"""px: with pictures smaller than one of its coding units x265 spoils its own memory (seen with 40x34, PyAV 18.1)."""
_BLACK_NITS = 0.0001
"""Least luminance that mastering metadata can name, cd/m^2 [st2086]."""


@contextmanager
def hevc_writer(
    path: Path, source: VideoReader, *, white_nits: float = WHITE, quality: int = 95
) -> Iterator["HevcWriter"]:
    """A video file that takes frames one after the other; it appears under its name only when complete.

    Args:
        path: a name ending in .mp4.
        source: the video that is being converted: it gives the times, and its sound is copied.
        white_nits: luminance of pixels of (1, 1, 1), cd/m^2.
        quality: 1 to 100; 95 is x265's CRF 14.
    """
    with atomic_path(path) as temporary, import_av(path).open(str(temporary), "w", format="mp4") as file:
        writer = HevcWriter(file, source, white_nits=white_nits, factor=round((100 - quality) * 0.4 + 12, 1))
        yield writer
        writer.finish()


class HevcWriter:
    """See `hevc_writer`.

    The metadata name a mastering display of Rec. 709 primaries, since the network's colours lie within them, and of
    10000 cd/m^2, where PQ ends.
    """

    def __init__(self, file: Any, source: VideoReader, *, white_nits: float, factor: float) -> None:
        self._av, self._file, self._source = import_av(source.path), file, source
        self._white_nits, self._factor = white_nits, factor
        self._stream: Any = None
        self.notes: tuple[str, ...] = ()

    def write(self, linear: LinearPixels, ticks: int, *, pixel_aspect: Fraction = Fraction(1)) -> None:
        """Adds a frame.

        Args:
            linear: linear Rec. 709, even height and width, the same for all frames.
            ticks: when it is shown, in the source's `tick`.
            pixel_aspect: width / height of a pixel; the first frame's is the video's.

        Raises:
            InputError: a frame with a side below 64 px.
        """
        if self._stream is None:
            height, width = linear.shape[:2]
            self._begin(height, width, pixel_aspect)
        code: Float32[np.ndarray, "height width 3"] = to_pq2020(linear, self._white_nits)
        frame = self._av.VideoFrame.from_ndarray(ycbcr420(code), format="yuv420p10le")
        frame.pts, frame.time_base = ticks, self._source.tick
        frame.color_range, frame.colorspace = _NARROW_RANGE, _BT2020_NCL_MATRIX
        frame.color_primaries, frame.color_trc = BT2020_PRIMARIES, PQ_TRANSFER
        self._file.mux(self._stream.encode(frame))

    def finish(self) -> None:
        """Writes what is still under way, and the sound."""
        if self._stream is not None:
            self._file.mux(self._stream.encode(None))
            self._copy_sound()

    def _begin(self, height: int, width: int, pixel_aspect: Fraction) -> None:
        if min(height, width) < _SMALLEST_SIDE:
            raise InputError(
                self._source.path,
                f"{width}x{height} px is too small for HEVC, which takes {_SMALLEST_SIDE} px and more",
                "write frames instead: --to exr",
            )
        stream: Any = self._file.add_stream("libx265", rate=self._source.rate)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p10le"
        context = stream.codec_context
        context.time_base, context.sample_aspect_ratio = self._source.tick, pixel_aspect
        context.codec_tag = "hvc1"  # Apple's players open no other
        context.color_primaries, context.color_trc = BT2020_PRIMARIES, PQ_TRANSFER
        context.colorspace, context.color_range = _BT2020_NCL_MATRIX, _NARROW_RANGE
        stream.options = {"crf": str(self._factor), "preset": "medium", "x265-params": ":".join(_hdr10_parameters())}
        tracks = self._source.container.streams.audio
        taken = [track for track in tracks if _codec(track) in _MP4_AUDIO]
        self._sound = {track.index: self._file.add_stream_from_template(track) for track in taken}
        dropped = [_codec(track) for track in tracks if track not in taken]
        notes = [f"sound ({name}) dropped: MP4 does not take it" for name in dropped]
        if not are_together({index: self._source.offsets[index] for index in (self._source.index, *self._sound)}):
            notes.append("joined of recordings with and without sound, which may be out of step")
        self.notes = tuple(notes)
        self._file.metadata["encoder"] = software_tag()
        self._stream = stream

    def _copy_sound(self) -> None:
        """Packets as they are, read in a pass of their own: they are small, and the frames need no buffer meanwhile."""
        if not self._sound:
            return
        with open_video(self._source.path) as again:
            tracks = [again.streams[index] for index in self._sound]
            timelines = {
                track.index: Timeline(tick=track.time_base, offsets=self._source.offsets[track.index])
                for track in tracks
            }
            for packet in again.demux(*tracks):
                if packet.dts is not None:
                    track = packet.stream.index
                    time = timelines[track].place(packet.dts)
                    packet.pts, packet.dts = time, time  # sound comes in the order in which it is heard
                    packet.stream = self._sound[track]
                    try:
                        self._file.mux(packet)
                    except self._av.error.ArgumentError as error:  # not the disk's
                        raise InputError(
                            self._source.path, f"its sound cannot be copied ({error.strerror})", "take it out"
                        ) from error


def _codec(track: Any) -> str:
    """The format's name: FFmpeg has several decoders for some."""
    return str(track.codec_context.codec.canonical_name)


def _hdr10_parameters() -> Sequence[str]:
    """What x265 writes into the stream besides the colour codes [st2086]."""
    points = {name: [round(value * 50_000) for value in xy] for name, xy in REC709._asdict().items()}
    order = {"G": "green", "B": "blue", "R": "red", "WP": "white"}
    display = "".join(f"{letter}({points[name][0]},{points[name][1]})" for letter, name in order.items())
    light = f"L({round(PQ_PEAK * 10_000)},{round(_BLACK_NITS * 10_000)})"
    # Without B-frames a clip of two frames has valid decoding times too.
    return ("log-level=error", "bframes=0", "hdr10=1", "repeat-headers=1", f"master-display={display}{light}")
