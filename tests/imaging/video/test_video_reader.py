import os
import random
import shutil
import subprocess
from fractions import Fraction

import numpy as np
import pytest

from tests.fuzz.mutations import mutate
from tests.refusal import refusal_of
from twostage_hdr.errors import InputError
from twostage_hdr.imaging.video.video_reader import video_reader

pytestmark = pytest.mark.video


def smooth(number: int, height: int = 48, width: int = 64) -> np.ndarray:
    rows, columns = np.mgrid[:height, :width]
    return np.stack([rows * 5 % 256, columns * 3 + number, 40 + rows + columns], -1).clip(0, 255).astype(np.uint8)


def test_frames_come_in_order_with_their_times_and_colours(tmp_path, write_clip) -> None:
    clip = [smooth(20 * number) for number in range(4)]
    with video_reader(write_clip(tmp_path / "a.mp4", clip)) as video:
        frames = list(video.frames())
        assert video.count == 4
        assert video.rate == 10
        assert [float(frame.ticks * video.tick) for frame in frames] == pytest.approx([0, 0.1, 0.2, 0.3])
    for frame, expected in zip(frames, clip, strict=True):
        assert np.abs(frame.pixels.astype(int) - expected).mean() < 2


def test_a_clock_that_starts_late_and_again_is_counted_from_the_beginning(tmp_path, write_clip) -> None:
    part = write_clip(tmp_path / "part.mts", [smooth(20 * number) for number in range(3)]).read_bytes()
    (tmp_path / "joined.mts").write_bytes(part + part)
    with video_reader(tmp_path / "joined.mts") as video:
        assert video.count == 6
        times = [float(frame.ticks * video.tick) for frame in video.frames()]
    assert times == pytest.approx(np.arange(6) / 10, abs=1e-4)


@pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="no ffmpeg")
@pytest.mark.parametrize("begin", [5000, 95441])  # s; the second crosses the end of a 33-bit clock of 90 kHz
def test_clocks_of_transport_streams_are_followed(tmp_path, write_clip, begin) -> None:
    clip = write_clip(tmp_path / "a.mp4", [smooth(10 * number) for number in range(8)], rate=2)
    late = ["ffmpeg", "-v", "error", "-i", clip, "-c", "copy", "-output_ts_offset", str(begin), tmp_path / "late.mts"]
    subprocess.run(late, check=True)
    plain = write_clip(tmp_path / "plain.mts", [smooth(0)] * 2, rate=2)
    (tmp_path / "joined.mts").write_bytes((tmp_path / "late.mts").read_bytes() + plain.read_bytes())
    with video_reader(tmp_path / "joined.mts") as video:
        times = [float(frame.ticks * video.tick) for frame in video.frames()]
    assert times == pytest.approx(np.arange(10) / 2, abs=1e-3)


def test_a_damaged_packet_is_left_out_and_counted(tmp_path, write_clip) -> None:
    av = pytest.importorskip("av")
    clip = write_clip(tmp_path / "a.mp4", [smooth(10 * number) for number in range(8)])
    with av.open(str(clip)) as file:
        packets = [(packet.pos, packet.size) for packet in file.demux(video=0) if packet.size]
    data = bytearray(clip.read_bytes())
    position, size = packets[4]
    data[position : position + size] = b"\xff" * size  # no length of a unit of H.264
    clip.write_bytes(data)
    with video_reader(clip) as video:
        assert len(list(video.frames())) == 7
        assert video.damaged == 1


def test_a_video_that_changes_its_size_is_refused_where_it_does(tmp_path, write_clip) -> None:
    parts = [write_clip(tmp_path / "a.mts", [smooth(0)]), write_clip(tmp_path / "b.mts", [smooth(0, 96, 80)])]
    (tmp_path / "joined.mts").write_bytes(b"".join(part.read_bytes() for part in parts))
    with (
        refusal_of(tmp_path / "joined.mts", "80x96 px", "frame 2", "64x48"),
        video_reader(tmp_path / "joined.mts") as video,
    ):
        list(video.frames())


def test_pixels_that_are_not_square_are_told(tmp_path, write_clip) -> None:
    with video_reader(write_clip(tmp_path / "a.mp4", [smooth(0)], pixel_aspect=Fraction(64, 45))) as video:
        assert next(video.frames()).pixel_aspect == Fraction(64, 45)


@pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="no ffmpeg")
@pytest.mark.parametrize("degrees", [90, 180, 270])
def test_a_turned_video_is_upright_as_ffmpeg_turns_it(tmp_path, write_clip, degrees) -> None:
    source, turned = write_clip(tmp_path / "a.mp4", [smooth(0)]), tmp_path / "turned.mp4"
    rotate = ["ffmpeg", "-v", "error", "-i", source, "-c", "copy", "-metadata:s:v", f"rotate={degrees}", turned]
    if subprocess.run(rotate, check=False).returncode:
        pytest.skip("this ffmpeg cannot set a rotation")
    shown = subprocess.run(
        ["ffmpeg", "-v", "error", "-i", turned, "-f", "rawvideo", "-pix_fmt", "rgb24", "-"],
        check=True,
        capture_output=True,
    ).stdout
    with video_reader(turned) as video:
        pixels = next(video.frames()).pixels
    expected = np.frombuffer(shown, np.uint8).reshape(pixels.shape)
    assert np.abs(pixels.astype(int) - expected).mean() < 3


def test_what_is_no_ordinary_video_is_refused_in_one_line(tmp_path, write_clip) -> None:
    (tmp_path / "text.mp4").write_bytes(b"no video")
    pq = write_clip(tmp_path / "pq.mp4", [smooth(0)], transfer=16)
    for path, *values in ((tmp_path / "none.mp4",), (tmp_path / "text.mp4", "MP4", "MOV"), (pq, "HDR", "PQ")):
        with refusal_of(path, *values), video_reader(path):
            pass


@pytest.mark.parametrize("suffix", [".mp4", ".mts", ".mkv"])
def test_mutated_videos_are_read_or_refused_in_one_line(tmp_path, write_clip, suffix, capfd) -> None:
    valid = write_clip(tmp_path / f"a{suffix}", [smooth(20 * number) for number in range(3)]).read_bytes()
    outcomes, refusals = [], []
    for case in range(40):
        path = tmp_path / f"case{suffix}"
        path.write_bytes(mutate(valid, random.Random(f"0-{case}"), [valid]))
        try:
            with video_reader(path) as video:
                outcomes.append(sum(1 for _ in video.frames()) > 0)
        except InputError as error:
            outcomes.append(False)
            refusals.append(error)
    assert {True, False} == set(outcomes)
    assert all(str(error).isprintable() and error.cure for error in refusals)
    assert capfd.readouterr().err == ""


def test_a_pipe_in_place_of_a_video_is_refused_at_once(tmp_path) -> None:
    os.mkfifo(tmp_path / "a.mp4")
    with refusal_of(tmp_path / "a.mp4", "pipe"), video_reader(tmp_path / "a.mp4"):
        pass


PLAYLISTS = {
    "concat": "ffconcat version 1.0\nfile b.mp4\n",
    "HLS": "#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:1\n#EXTINF:1.0,\nb.mts\n#EXT-X-ENDLIST\n",
}


@pytest.mark.parametrize("kind", PLAYLISTS)
def test_a_playlist_makes_no_other_file_be_opened(tmp_path, write_clip, kind) -> None:
    for name in ("b.mp4", "b.mts"):
        write_clip(tmp_path / name, [smooth(0)])
    (tmp_path / "a.mp4").write_text(PLAYLISTS[kind])
    with refusal_of(tmp_path / "a.mp4", "MP4", "MOV"), video_reader(tmp_path / "a.mp4"):
        pass
