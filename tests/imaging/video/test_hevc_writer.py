import json
import shutil
import subprocess
from fractions import Fraction
from itertools import pairwise

import colour
import numpy as np
import pytest

from tests.refusal import refusal_of
from twostage_hdr.imaging.video.hevc_writer import HevcWriter, hevc_writer
from twostage_hdr.imaging.video.video_reader import video_reader

pytestmark = pytest.mark.video

needs_ffmpeg = pytest.mark.skipif(shutil.which("ffmpeg") is None or shutil.which("ffprobe") is None, reason="no ffmpeg")


@pytest.fixture(name="scene")
def large_scene(scene: np.ndarray) -> np.ndarray:
    """Four times the picture, 96x128x3: x265 takes no smaller ones."""
    return np.ascontiguousarray(np.tile(scene, (2, 2, 1)))


@pytest.fixture
def convert(tmp_path, scene: np.ndarray, write_clip):
    """Two frames: the scene, and the scene at half its light."""

    def convert(sound: str = "", suffix: str = ".mp4", parts: int = 1) -> HevcWriter:
        source = write_clip(
            tmp_path / f"in{suffix}",
            [np.zeros((96, 128, 3), np.uint8)] * (2 // parts),
            sound=sound,
            pixel_aspect=Fraction(64, 45),
        )
        source.write_bytes(source.read_bytes() * parts)
        with video_reader(source) as video, hevc_writer(tmp_path / "out.mp4", video, quality=100) as file:
            for frame, linear in zip(video.frames(), (scene, scene / 2), strict=True):
                file.write(linear, frame.ticks, pixel_aspect=frame.pixel_aspect)
        return file

    return convert


@needs_ffmpeg
def test_ffprobe_finds_hdr10(tmp_path, convert) -> None:
    convert()
    command = ["ffprobe", "-v", "error", "-select_streams", "v", "-show_streams", "-show_frames", "-of", "json"]
    facts = json.loads(subprocess.run([*command, tmp_path / "out.mp4"], check=True, capture_output=True).stdout)
    stream, frame = facts["streams"][0], facts["frames"][0]
    assert (stream["codec_name"], stream["codec_tag_string"], stream["pix_fmt"]) == ("hevc", "hvc1", "yuv420p10le")
    codes = [stream[f"color_{name}"] for name in ("primaries", "transfer", "space", "range")]
    assert codes == ["bt2020", "smpte2084", "bt2020nc", "tv"]
    assert stream["avg_frame_rate"] == "10/1"
    assert stream["sample_aspect_ratio"] == "64:45"
    display = next(side for side in frame["side_data_list"] if side["side_data_type"].startswith("Mastering"))
    assert display["max_luminance"] == "100000000/10000"
    assert display["red_x"] == "32000/50000"


@needs_ffmpeg
def test_ffmpeg_decodes_the_luminance_of_colour_science(tmp_path, scene, convert) -> None:
    convert()
    command = ["ffmpeg", "-v", "error", "-i", tmp_path / "out.mp4", "-f", "rawvideo", "-pix_fmt", "yuv420p10le", "-"]
    raw = subprocess.run(command, check=True, capture_output=True).stdout
    frames = np.frombuffer(raw, "<u2").reshape(2, 144, 128)
    for frame, linear in zip(frames, (scene, scene / 2), strict=True):
        wide = colour.RGB_to_RGB(linear, "ITU-R BT.709", "ITU-R BT.2020", chromatic_adaptation_transform=None)
        code = colour.models.eotf_inverse_ST2084(np.maximum(wide, 0) * 200)
        luma = 64 + 876 * code @ [0.2627, 0.6780, 0.0593]
        assert np.mean(np.abs(frame[:96] - luma)) < 2


@pytest.mark.parametrize(
    ("sound", "suffix", "tracks"), [("aac", ".mp4", 1), ("mp3", ".mp4", 1), ("pcm_s16le", ".mkv", 0)]
)
def test_sound_that_mp4_takes_is_copied_and_other_sound_is_told(tmp_path, convert, sound, suffix, tracks) -> None:
    notes = convert(sound, suffix).notes
    av = pytest.importorskip("av")
    with av.open(str(tmp_path / "out.mp4")) as file:
        assert len(file.streams.audio) == tracks
        if tracks:
            assert sum(packet.size for packet in file.demux(audio=0)) > 0
    assert notes == (() if tracks else ("sound (pcm_s16le) dropped: MP4 does not take it",))


def test_joined_recordings_whose_clock_starts_again_keep_their_sound(tmp_path, convert) -> None:
    convert("ac3", ".mts", parts=2)
    av = pytest.importorskip("av")
    with av.open(str(tmp_path / "out.mp4")) as file:
        assert file.start_time < 100_000  # us
        times = [packet.pts * packet.time_base for packet in file.demux(audio=0) if packet.pts is not None]
    assert len(times) > 50
    assert max(abs(later - earlier - Fraction(1536, 48_000)) for earlier, later in pairwise(times)) < 0.001


def test_a_failure_in_the_middle_leaves_nothing(tmp_path, scene, write_clip) -> None:
    source = write_clip(tmp_path / "in.mp4", [np.zeros((96, 128, 3), np.uint8)])

    def stop() -> None:
        with video_reader(source) as video, hevc_writer(tmp_path / "o.mp4", video) as file:
            file.write(scene, 0)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        stop()
    assert [path.name for path in tmp_path.iterdir()] == ["in.mp4"]


def test_a_video_too_small_for_hevc_is_refused_with_the_cure(tmp_path, write_clip) -> None:
    clip = write_clip(tmp_path / "small.mkv", [np.zeros((48, 64, 3), np.uint8)])
    with (
        video_reader(clip) as source,
        refusal_of(clip, "64x48 px", "HEVC", "--to exr"),
        hevc_writer(tmp_path / "small.mp4", source) as writer,
    ):
        writer.write(np.zeros((48, 64, 3), np.float32), 0)
    assert not (tmp_path / "small.mp4").exists()
