import json
import os

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from twostage_hdr.cli.main import app
from twostage_hdr.errors import InputError
from twostage_hdr.inference.weights import save_weights
from twostage_hdr.networks.two_stage import TwoStageNetwork

pytestmark = pytest.mark.video


@pytest.fixture
def weights(tmp_path):
    save_weights(tmp_path / "tiny.safetensors", TwoStageNetwork(features=8, growth=4))
    return tmp_path / "tiny.safetensors"


def _run(*arguments):
    return CliRunner().invoke(app, ["reconstruct", *map(str, arguments)])


@pytest.fixture
def clip(tmp_path, write_clip):
    return write_clip(tmp_path / "clip.mp4", [np.full((96, 128, 3), 90 + 10 * number, np.uint8) for number in range(3)])


def test_a_video_beside_a_photograph_and_a_bad_one(tmp_path, weights, clip) -> None:
    Image.new("RGB", (20, 10), "grey").save(tmp_path / "photo.png")
    (tmp_path / "bad.mp4").write_bytes(b"no video")
    inputs = [tmp_path / "photo.png", tmp_path / "bad.mp4", clip]
    result = _run(*inputs, "-o", tmp_path / "o", "--weights", weights, "--json")
    assert result.exit_code == 1
    told = {entry["input"]: entry for entry in json.loads(result.stdout)}
    assert told[str(inputs[0])]["status"] == told[str(inputs[2])]["status"] == "done"
    assert "not a video" in told[str(inputs[1])]["error"]
    assert told[str(inputs[2])]["files"] == [str(tmp_path / "o" / "clip_hdr.mp4")]
    assert {path.name for path in (tmp_path / "o").iterdir()} == {
        "photo.exr",
        "photo_hdr.png",
        "photo_alignratio.npy",
        "clip_hdr.mp4",
    }


def test_what_is_done_is_skipped_and_overwrite_does_it_again(tmp_path, weights, clip) -> None:
    out = tmp_path / "o"
    out.mkdir()
    (out / "clip_hdr.mp4").write_bytes(b"mine")
    assert "already done" in _run(clip, "-o", out, "--weights", weights).output
    assert (out / "clip_hdr.mp4").read_bytes() == b"mine"
    assert _run(clip, "-o", out, "--weights", weights, "--overwrite").exit_code == 0
    assert (out / "clip_hdr.mp4").stat().st_size > 1000


def test_an_empty_result_is_not_done_and_a_newer_video_is_told(tmp_path, weights, clip) -> None:
    out = tmp_path / "o"
    (out / "clip_exr").mkdir(parents=True)
    (out / "clip_hdr.mp4").write_bytes(b"mine")
    result = _run(clip, "-o", out, "--weights", weights, "--to", "hevc,exr")
    assert result.exit_code == 1
    assert "clip_exr: an empty folder, where a result should be; move it away" in result.stderr
    later = (out / "clip_hdr.mp4").stat().st_mtime + 5
    os.utime(clip, (later, later))
    assert "changed since clip_hdr.mp4 was written" in _run(clip, "-o", out, "--weights", weights).output


def test_a_format_that_video_does_not_have_is_refused(tmp_path, weights, clip) -> None:
    error = _run(clip, "-o", tmp_path, "--weights", weights, "--to", "png16").exception
    assert isinstance(error, InputError)
    assert "not for videos" in str(error)


def test_formats_that_only_one_kind_has_are_refused_for_both(tmp_path, weights, clip) -> None:
    Image.new("RGB", (20, 10), "grey").save(tmp_path / "photo.png")
    error = _run(tmp_path / "photo.png", clip, "-o", tmp_path / "o", "--weights", weights, "--to", "hevc,exr").exception
    assert "--to hevc: not for photographs and videos alike" in str(error)


def test_a_folder_that_was_made_for_nothing_is_taken_away(tmp_path, weights) -> None:
    (tmp_path / "bad.mp4").write_bytes(b"no video")
    assert _run(tmp_path / "bad.mp4", "-o", tmp_path / "o", "--weights", weights).exit_code == 1
    assert not (tmp_path / "o").exists()


def test_the_result_of_an_earlier_run_is_no_input(tmp_path, weights, clip) -> None:
    assert _run(clip, "-o", tmp_path, "--weights", weights).exit_code == 0
    result = _run(tmp_path / "*.mp4", "-o", tmp_path, "--weights", weights, "--json")
    assert [entry["input"] for entry in json.loads(result.stdout)] == [str(tmp_path / "clip.mp4")]
