import json
import os
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import numpy as np
import OpenEXR
import pytest
from PIL import Image
from typer.testing import CliRunner

from tests.imaging.gain_map_files import apple_exif, apple_jpeg
from tests.refusal import refusal_of
from twostage_hdr.cli.main import app
from twostage_hdr.imaging.chromaticities import DISPLAY_P3
from twostage_hdr.imaging.colour_profile import rgb_profile
from twostage_hdr.imaging.hdr import read_hdr
from twostage_hdr.imaging.photograph import read_photograph
from twostage_hdr.inference.weights import save_weights
from twostage_hdr.networks.two_stage import TwoStageNetwork

RUNNER = CliRunner()


@pytest.fixture
def weights(tmp_path):
    path = tmp_path / "tiny.safetensors"
    save_weights(path, TwoStageNetwork(features=8, growth=4))
    return path


def _photo(path, size=(31, 17), mode="RGB"):
    bands = len(Image.new(mode, (1, 1)).getbands())
    pixels = np.random.default_rng(0).integers(0, 256, (size[1], size[0], bands), dtype=np.uint8)
    Image.fromarray(pixels.squeeze(), mode).save(path)
    return path


def _run(*arguments):
    return RUNNER.invoke(app, ["reconstruct", *map(str, arguments)], catch_exceptions=True)


def test_a_photograph_of_odd_size_becomes_an_exr_and_the_challenge_pair(tmp_path, weights):
    out = tmp_path / "out"
    result = _run(_photo(tmp_path / "street.png"), "-o", out, "--weights", weights)
    assert result.exit_code == 0, result.output
    assert {path.name for path in out.iterdir()} == {"street.exr", "street_hdr.png", "street_alignratio.npy"}
    exr, pair = read_hdr(out / "street.exr").pixels, read_hdr(out / "street_hdr.png").pixels
    assert exr.shape == (17, 31, 3)
    np.testing.assert_allclose(exr, pair, rtol=2e-3, atol=2e-3)


@pytest.mark.parametrize(("mode", "suffix"), [("L", ".png"), ("RGBA", ".png"), ("RGB", ".jpg"), ("RGB", ".tif")])
def test_grey_alpha_jpeg_and_tiff_photographs_are_read(tmp_path, weights, mode, suffix):
    result = _run(_photo(tmp_path / f"p{suffix}", mode=mode), "-o", tmp_path / "o", "--weights", weights, "--to", "exr")
    assert result.exit_code == 0, result.output
    assert ("x white; " in result.output) == (mode == "RGBA")


def test_a_gamma_of_the_photographs_is_no_setting_of_brackets(tmp_path):
    result = _run(_photo(tmp_path / "a.png"), "-o", tmp_path / "o", "--response", "2.24", "--to", "exr")
    assert result.exit_code == 0, result.exception


def test_what_is_done_is_skipped_and_overwrite_does_it_again(tmp_path, weights):
    photo, out = _photo(tmp_path / "a.png"), tmp_path / "out"
    arguments = (photo, "-o", out, "--weights", weights, "--to", "exr")
    _run(*arguments)
    (out / "a.exr").write_bytes(b"mine")
    assert "already done" in _run(*arguments).output
    assert (out / "a.exr").read_bytes() == b"mine"
    _run(*arguments, "--overwrite")
    assert read_hdr(out / "a.exr").pixels.shape == (17, 31, 3)


def test_a_photograph_that_changed_since_is_left_to_the_user(tmp_path, weights):
    photo, out = _photo(tmp_path / "a.png"), tmp_path / "out"
    arguments = (photo, "-o", out, "--weights", weights, "--to", "exr")
    _run(*arguments)
    assert "a.png: already done; --overwrite" in _run(*arguments).output
    later = (out / "a.exr").stat().st_mtime + 5
    os.utime(photo, (later, later))
    before = (out / "a.exr").read_bytes()
    assert "already done, but changed since a.exr was written; --overwrite" in _run(*arguments).output
    assert (out / "a.exr").read_bytes() == before


def test_a_photograph_that_changed_before_all_formats_were_made_is_told(tmp_path, weights):
    photo, out = _photo(tmp_path / "a.png"), tmp_path / "out"
    _run(photo, "-o", out, "--weights", weights, "--to", "exr")
    later = (out / "a.exr").stat().st_mtime + 5
    os.utime(photo, (later, later))
    told = _run(photo, "-o", out, "--weights", weights, "--to", "exr,hdr").output
    assert "changed since a.exr was written" in told
    assert (out / "a.hdr").exists()


def test_nothing_to_do_is_told_to_people_and_to_scripts(tmp_path):
    (tmp_path / "empty").mkdir()
    result = _run(tmp_path / "empty", f"{tmp_path}/*.gif", "-o", tmp_path / "o" / "p")
    assert result.exit_code == 1
    assert f"{tmp_path / 'empty'}: " in result.stderr
    assert f"{tmp_path}/*.gif: " in result.stderr
    result = _run(tmp_path / "empty", "-o", tmp_path / "o" / "p", "--json")
    assert result.exit_code == 1
    assert [entry["status"] for entry in json.loads(result.stdout)] == ["failed"]
    assert not (tmp_path / "o").exists()


def test_failures_are_told_on_standard_error(tmp_path, weights):
    result = _run(tmp_path / "gone.png", _photo(tmp_path / "a.png"), "-o", tmp_path / "o", "--weights", weights)
    assert "gone.png: " in result.stderr
    assert "gone" not in result.stdout
    assert "a.exr" in result.stdout


@pytest.mark.parametrize("make", ["touch", "mkdir"])
def test_what_is_no_result_is_not_taken_for_one(tmp_path, weights, make):
    (tmp_path / "out").mkdir()
    getattr(tmp_path / "out" / "a.exr", make)()
    result = _run(_photo(tmp_path / "a.png"), "-o", tmp_path / "out", "--weights", weights, "--to", "exr")
    assert result.exit_code == 1
    assert f"{tmp_path / 'out' / 'a.exr'}: " in result.output


def test_names_that_nothing_can_hold_stop_only_themselves(tmp_path, weights):
    long, foreign = tmp_path / f"{'y' * 246}.png", Path(os.fsdecode(bytes(tmp_path) + b"/m\xff.png"))
    _photo(long)
    try:
        _photo(foreign)
    except OSError:
        pytest.skip("this file system holds no such name")
    names = (f"{'x' * 300}.png", long, foreign, _photo(tmp_path / "a.png"))
    out = tmp_path / "out"
    result = _run(*names, "-o", out, "--weights", weights, "--to", "exr,ultrahdr")
    assert result.exit_code == 1
    assert "3 of 4 inputs failed" in result.output
    assert "m\\udcff.png: " in result.output
    assert result.output.count("ame too long") == 2
    assert {path.name for path in out.iterdir()} == {"a.exr", "a_ultrahdr.jpg"}


def test_a_folder_that_was_made_for_nothing_is_taken_away(tmp_path, weights):
    (tmp_path / "a.png").write_bytes(b"no picture")
    assert _run(tmp_path / "a.png", "-o", tmp_path / "out", "--weights", weights).exit_code == 1
    assert not (tmp_path / "out").exists()


@pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="no such signal on this system")
@pytest.mark.parametrize("number", [signal.SIGTERM, getattr(signal, "SIGHUP", signal.SIGTERM)])
def test_a_request_to_end_leaves_no_temporary_file(tmp_path, number):
    Image.new("RGB", (2500, 2500)).save(tmp_path / "a.png")
    out = tmp_path / "out"
    command = [sys.executable, "-m", "twostage_hdr", "reconstruct", str(tmp_path / "a.png"), "-o", str(out)]
    # Started under nohup, the tests ignore SIGHUP, and a child would inherit that.
    by_default = partial(signal.signal, number, signal.SIG_DFL)
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, preexec_fn=by_default)
    deadline = time.monotonic() + 60
    while not (out.is_dir() and any(out.iterdir())) and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(number)
    assert process.wait(60) == 128 + number
    assert not out.exists() or not any(out.iterdir())


def test_a_pattern_without_files_does_not_stop_the_others(tmp_path, weights):
    result = _run(f"{tmp_path}/*.jpg", _photo(tmp_path / "a.png"), "-o", tmp_path / "o", "--weights", weights)
    assert result.exit_code == 1
    assert f"{tmp_path}/*.jpg: " in result.output
    assert "1 of 2 inputs failed" in result.output
    assert (tmp_path / "o" / "a.exr").exists()


@pytest.mark.parametrize("option", ["--quality", "--tile"])
def test_a_setting_out_of_range_is_named_with_its_value(tmp_path, weights, option):
    with refusal_of(f"{option} 0"):
        raise _run(_photo(tmp_path / "a.png"), "-o", tmp_path / "out", option, "0").exception
    assert not (tmp_path / "out").exists()


def test_half_a_result_is_no_result_and_is_left_to_the_user(tmp_path, weights):
    photo, out = _photo(tmp_path / "a.png"), tmp_path / "out"
    arguments = (photo, "-o", out, "--weights", weights)
    _run(*arguments)
    (out / "a_alignratio.npy").unlink()
    result = _run(*arguments)
    assert result.exit_code == 1
    assert f"{out / 'a_hdr.png'}: a_alignratio.npy" in result.output
    assert "--overwrite" in result.output
    assert not (out / "a_alignratio.npy").exists()
    assert _run(*arguments, "--overwrite").exit_code == 0
    assert read_hdr(out / "a_hdr.png").pixels.shape == (17, 31, 3)


@pytest.mark.parametrize("nits", ["0", "inf", "nan"])
def test_a_white_that_no_display_has_is_refused(tmp_path, weights, nits):
    with refusal_of(f"--white-nits {nits}", "cd/m²"):
        raise _run(_photo(tmp_path / "a.png"), "-o", tmp_path / "out", "--white-nits", nits).exception
    assert not (tmp_path / "out").exists()


def test_a_result_that_exists_is_left_alone_and_the_missing_ones_are_made(tmp_path, weights):
    photo, out = _photo(tmp_path / "a.png"), tmp_path / "out"
    out.mkdir()
    (out / "a.exr").write_bytes(b"mine")
    result = _run(photo, "-o", out, "--weights", weights, "--json")
    assert json.loads(result.stdout)[0]["files"] == [str(out / "a_hdr.png"), str(out / "a_alignratio.npy")]
    assert (out / "a.exr").read_bytes() == b"mine"


def test_one_bad_file_does_not_stop_the_others_and_is_named_at_the_end(tmp_path, weights):
    (tmp_path / "bad.png").write_bytes(b"no picture")
    result = _run(tmp_path / "bad.png", _photo(tmp_path / "good.png"), "-o", tmp_path / "o", "--weights", weights)
    assert result.exit_code == 1
    assert (tmp_path / "o" / "good.exr").is_file()
    assert result.output.splitlines()[-1] == "1 of 2 inputs failed: bad.png"


def test_an_input_is_never_overwritten(tmp_path, weights):
    photo = _photo(tmp_path / "x_hdr.png")
    _photo(tmp_path / "x.png")
    before = photo.read_bytes()
    with refusal_of(photo, f"input {photo}", "-o"):
        raise _run(tmp_path / "x.png", photo, "-o", tmp_path, "--weights", weights, "--overwrite").exception
    assert photo.read_bytes() == before


def test_of_two_photographs_of_one_name_one_folder_has_the_second_adds_its_suffix(tmp_path, weights):
    photos = [_photo(tmp_path / name) for name in ("plain.png", "plain.jpg", "Other.TIF", "other.png")]
    out = tmp_path / "out"
    result = _run(tmp_path, "-o", out, "--weights", weights)
    assert result.exit_code == 0, result.output
    stems = ("plain", "plain_png", "Other", "other")
    endings = (".exr", "_hdr.png", "_alignratio.npy")
    assert {path.name for path in out.iterdir()} == {stem + ending for stem in stems for ending in endings}
    assert "already done" in _run(photos[0], "-o", out, "--weights", weights).output  # by itself it has the same name
    assert _run(tmp_path, "-o", tmp_path, "--weights", weights).exit_code == 0
    again = _run(tmp_path, "-o", tmp_path, "--weights", weights, "--json")  # results are not taken for photographs
    assert [entry["status"] for entry in json.loads(again.stdout)] == ["skipped"] * 4


def test_two_photographs_of_one_name_from_two_folders_are_refused(tmp_path, weights):
    photos = []
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        photos.append(_photo(tmp_path / folder / "a.png"))
    result = _run(*photos, "-o", tmp_path / "o", "--weights", weights)
    assert result.exit_code == 1
    assert f"{photos[1]}: " in result.output
    assert str(photos[0]) in result.output.split(f"{photos[1]}: ")[1]
    assert (tmp_path / "o" / "a.exr").is_file()


def test_a_line_names_the_folder_of_the_results_once(tmp_path, weights):
    out = tmp_path / "out"
    result = _run(_photo(tmp_path / "a.png"), "-o", out, "--weights", weights)
    line = result.stdout.splitlines()[-1]
    assert line.startswith(f"{tmp_path / 'a.png'} -> {out / 'a.exr'}, a_hdr.png, a_alignratio.npy  (")


def test_folders_and_globs_are_expanded(tmp_path, weights):
    folder = tmp_path / "photos"
    folder.mkdir()
    for name in ("b.png", "a.jpg", "notes.txt"):
        (folder / name).write_text("x") if name.endswith("txt") else _photo(folder / name)
    result = _run(folder, f"{folder}/*.jpg", "-o", tmp_path / "o", "--weights", weights, "--to", "exr", "--json")
    assert result.exit_code == 0, result.output
    assert [entry["input"].rsplit("/", 1)[1] for entry in json.loads(result.stdout)] == ["a.jpg", "b.png"]


def test_a_file_that_cannot_be_written_is_named_and_the_others_are_done(tmp_path, weights):
    out = tmp_path / "out"
    (out / "a.exr").mkdir(parents=True)
    photos = [_photo(tmp_path / f"{name}.png") for name in "abc"]
    result = _run(*photos, "-o", out, "--weights", weights, "--to", "exr", "--overwrite", "--json")
    assert result.exit_code == 1
    assert [entry["status"] for entry in json.loads(result.stdout)] == ["failed", "done", "done"]
    assert {path.name for path in out.iterdir()} == {"a.exr", "b.exr", "c.exr"}


@pytest.mark.slow
def test_ctrl_c_leaves_finished_files_and_no_half_one(tmp_path):
    """The photographs are large enough that the interrupt comes while one is being computed."""
    photos = [_photo(tmp_path / f"{name}.png", size=(1500, 1000)) for name in "abcd"]
    out = tmp_path / "out"
    command = [
        sys.executable,
        "-m",
        "twostage_hdr.cli.main",
        "reconstruct",
        *photos,
        "-o",
        out,
        "--to",
        "exr,png16,hdr",
    ]
    running = subprocess.Popen(list(map(str, command)), stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 100
    while time.monotonic() < deadline and not list(out.glob(".a.tmp*")):
        time.sleep(0.02)
    running.send_signal(signal.SIGINT)
    told, complaint = running.communicate(timeout=60)
    assert running.returncode == 130
    assert complaint == "interrupted: finished files are kept, the next run continues from there\n"
    assert "Traceback" not in told
    assert not out.exists()


def test_unusable_weights_formats_and_devices_are_refused_before_anything_is_written(tmp_path, weights):
    photo, out = _photo(tmp_path / "a.png"), tmp_path / "out"
    for extra, named in (
        (("--weights", "nothing"), ["weights 'nothing'", "demo"]),
        (("--weights", weights, "--to", "gif"), ["format 'gif'", "exr"]),
        (("--weights", weights, "--device", "quantum"), ["quantum"]),
    ):
        with refusal_of(*named):
            raise _run(photo, "-o", out, *extra).exception
    assert not out.exists()


def test_the_same_command_in_the_photographs_own_folder_finds_everything_done(tmp_path, weights, monkeypatch):
    _photo(tmp_path / "a.jpg")
    monkeypatch.chdir(tmp_path)
    arguments = (".", "--weights", weights, "--to", "png16,ultrahdr,preview,exr")
    assert _run(*arguments).exit_code == 0
    before = {path.name: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    again = _run(*arguments)
    assert again.exit_code == 0, again.output
    assert "already done" in again.output
    assert {path.name: path.stat().st_mtime_ns for path in tmp_path.iterdir()} == before


def test_a_file_where_the_folder_should_be_is_refused_in_one_line(tmp_path, weights):
    photo = _photo(tmp_path / "a.png")
    with refusal_of(photo, "File exists", "-o"):
        raise _run(photo, "-o", photo, "--weights", weights).exception


def _apple_photo(path):
    """A photograph of a phone with HDR, none of which clips."""
    base = np.random.default_rng(0).integers(0, 200, (17, 31, 3), dtype=np.uint8)
    path.write_bytes(apple_jpeg(base, np.full((8, 15), 128, np.uint8), apple_exif(0.8, 0.005)))
    return path


def test_a_photograph_that_is_hdr_keeps_its_own_light_unless_that_is_ignored(tmp_path, weights):
    photo = _apple_photo(tmp_path / "phone.jpg")
    arguments = (photo, "--weights", weights, "--to", "exr", "--float", "--json")
    (told,) = json.loads(_run(*arguments, "-o", tmp_path / "own").stdout)
    assert told["hdr"] == {"kind": "Apple gain map", "headroom_stops": pytest.approx(1.7), "clipped_share": 0}
    assert told["notes"][0] == "already HDR (Apple gain map, 1.7 stops above white): its own light, none of it clips"
    light = read_photograph(photo).light.rows(0, 17)
    np.testing.assert_allclose(read_hdr(tmp_path / "own" / "phone.exr").pixels, light, rtol=1e-6)
    (told,) = json.loads(_run(*arguments, "-o", tmp_path / "ignored", "--ignore-gain-map").stdout)
    assert told["hdr"] is None
    assert np.abs(read_hdr(tmp_path / "ignored" / "phone.exr").pixels - light).max() > 0.01


def test_metadata_go_along_unless_they_are_stripped(tmp_path, weights):
    photo = _apple_photo(tmp_path / "phone.jpg")
    for folder, extra, expected in (("kept", (), "2024:05:17 18:30:09"), ("stripped", ("--strip-metadata",), None)):
        _run(photo, "-o", tmp_path / folder, "--weights", weights, "--to", "exr,ultrahdr", *extra)
        with Image.open(tmp_path / folder / "phone_ultrahdr.jpg") as image:
            assert image.getexif().get_ifd(0x8769).get(0x9003) == expected
        with OpenEXR.File(str(tmp_path / folder / "phone.exr")) as file:
            assert ("2024:05:17" in str(file.header().get("capDate"))) == (expected is not None)


def test_a_wide_gamut_is_stated_by_the_openexr(tmp_path, weights):
    Image.new("RGB", (8, 8), (200, 20, 10)).save(tmp_path / "a.png", icc_profile=rgb_profile(DISPLAY_P3))
    result = _run(tmp_path / "a.png", "-o", tmp_path / "o", "--weights", weights, "--to", "exr")
    assert "gamut of Display P3 kept" in result.output
    with OpenEXR.File(str(tmp_path / "o" / "a.exr")) as file:
        stated = [float(value) for value in file.header()["chromaticities"]]
    np.testing.assert_allclose(stated, np.ravel(DISPLAY_P3), atol=1e-5)


def test_a_pq_result_beside_its_photograph_is_no_photograph(tmp_path, weights):
    _photo(tmp_path / "street.png")
    assert _run(tmp_path, "-o", tmp_path, "--weights", weights, "--to", "avif,jxl").exit_code == 0
    again = json.loads(_run(tmp_path, "-o", tmp_path, "--weights", weights, "--to", "avif,jxl", "--json").stdout)
    assert [(Path(entry["input"]).name, entry["status"]) for entry in again] == [("street.png", "skipped")]
    (tmp_path / "street.avif").rename(tmp_path / "other.avif")
    alone = json.loads(_run(tmp_path, "-o", tmp_path / "o", "--weights", weights, "--to", "exr", "--json").stdout)
    assert {Path(entry["input"]).name for entry in alone} == {"street.png", "other.avif"}


@pytest.fixture
def clip(tmp_path, write_clip):
    return write_clip(tmp_path / "clip.mp4", [np.full((96, 128, 3), 90 + 10 * number, np.uint8) for number in range(3)])


@pytest.mark.video
def test_a_video_beside_a_photograph_and_a_bad_one(tmp_path, weights, clip):
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


@pytest.mark.video
def test_a_video_that_is_done_is_skipped_and_overwrite_does_it_again(tmp_path, weights, clip):
    out = tmp_path / "o"
    out.mkdir()
    (out / "clip_hdr.mp4").write_bytes(b"mine")
    assert "already done" in _run(clip, "-o", out, "--weights", weights).output
    assert (out / "clip_hdr.mp4").read_bytes() == b"mine"
    assert _run(clip, "-o", out, "--weights", weights, "--overwrite").exit_code == 0
    assert (out / "clip_hdr.mp4").stat().st_size > 1000


@pytest.mark.video
def test_an_empty_result_is_not_done_and_a_newer_video_is_told(tmp_path, weights, clip):
    out = tmp_path / "o"
    (out / "clip_exr").mkdir(parents=True)
    (out / "clip_hdr.mp4").write_bytes(b"mine")
    result = _run(clip, "-o", out, "--weights", weights, "--to", "hevc,exr")
    assert result.exit_code == 1
    assert f"{out / 'clip_exr'}: " in result.stderr
    later = (out / "clip_hdr.mp4").stat().st_mtime + 5
    os.utime(clip, (later, later))
    assert "changed since clip_hdr.mp4 was written" in _run(clip, "-o", out, "--weights", weights).output


@pytest.mark.video
def test_a_format_that_video_does_not_have_is_refused(tmp_path, weights, clip):
    with refusal_of("format 'png16'", "hevc"):
        raise _run(clip, "-o", tmp_path, "--weights", weights, "--to", "png16").exception


@pytest.mark.video
def test_formats_that_only_one_kind_has_are_refused_for_both(tmp_path, weights, clip):
    Image.new("RGB", (20, 10), "grey").save(tmp_path / "photo.png")
    inputs = (tmp_path / "photo.png", clip)
    with refusal_of("--to hevc") as caught:
        raise _run(*inputs, "-o", tmp_path / "o", "--weights", weights, "--to", "hevc,exr").exception
    assert "exr" not in caught.value.subject


@pytest.mark.video
def test_a_folder_that_was_made_for_a_bad_video_is_taken_away(tmp_path, weights):
    (tmp_path / "bad.mp4").write_bytes(b"no video")
    assert _run(tmp_path / "bad.mp4", "-o", tmp_path / "o", "--weights", weights).exit_code == 1
    assert not (tmp_path / "o").exists()


@pytest.mark.video
def test_the_result_of_an_earlier_run_is_no_input(tmp_path, weights, clip):
    assert _run(clip, "-o", tmp_path, "--weights", weights).exit_code == 0
    result = _run(tmp_path / "*.mp4", "-o", tmp_path, "--weights", weights, "--json")
    assert [entry["input"] for entry in json.loads(result.stdout)] == [str(tmp_path / "clip.mp4")]
