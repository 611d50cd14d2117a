import json

import numpy as np
import OpenEXR
import pytest
from PIL import ExifTags, Image
from typer.testing import CliRunner

from tests.inference.bracket.conftest import write_frame
from tests.refusal import refusal_of
from twostage_hdr.cli.main import app
from twostage_hdr.imaging.hdr import read_hdr
from twostage_hdr.inference.weights import save_weights
from twostage_hdr.networks.two_stage import TwoStageNetwork

STOPS = (0, -2, 2)


@pytest.fixture
def run(tmp_path):
    save_weights(tmp_path / "tiny.safetensors", TwoStageNetwork(features=8, growth=4))

    def run(*arguments):
        fixed = ("--weights", tmp_path / "tiny.safetensors", "-o", tmp_path / "out", "--align", "none")
        return CliRunner().invoke(app, ["reconstruct", *map(str, (*arguments, *fixed))], catch_exceptions=True)

    return run


@pytest.fixture
def light():
    ramp = np.geomspace(0.01, 20, 60 * 40, dtype=np.float32).reshape(40, 60, 1)
    return np.repeat(ramp, 3, axis=2)


@pytest.fixture
def folder(tmp_path, light):
    """Two brackets of three frames, four minutes of a watch apart, and a photograph."""
    place = tmp_path / "photos"
    place.mkdir()
    for second in range(6):
        stop = STOPS[second % 3]
        write_frame(place / f"p{second}.jpg", light * 2.0**stop, seconds=2.0**stop / 60, second=second)
    write_frame(place / "single.jpg", light, seconds=0.01, second=50)
    return place


def test_frames_in_any_order_become_one_file_named_after_the_first(folder, tmp_path, run, light):
    result = run("--bracket", folder / "p2.jpg", folder / "p0.jpg", folder / "p1.jpg", "--reference", "p0.jpg")
    assert result.exit_code == 0, result.output
    out = tmp_path / "out"
    assert {path.name for path in out.iterdir()} == {
        f"p0_bracket{ending}" for ending in (".exr", "_hdr.png", "_alignratio.npy")
    }
    usual = (light > 0.08) & (light < 3)
    np.testing.assert_allclose(read_hdr(out / "p0_bracket.exr").pixels[usual], light[usual], rtol=0.05)
    assert "frames at +2.0, +0.0, -2.0 stops (EXIF)" in result.output
    with Image.open(folder / "p0.jpg") as image, OpenEXR.File(str(out / "p0_bracket.exr")) as file:
        photo = image.getexif().get_ifd(ExifTags.IFD.Exif)
        assert file.header()["capDate"] == photo[ExifTags.Base.DateTimeOriginal]  # the reference frame's


@pytest.mark.parametrize("words", [("--bracket", "auto"), ("--bracket",)])
def test_a_folder_is_grouped_by_exif_and_the_groups_are_printed_first(folder, tmp_path, run, words):
    result = run(folder, *words, "--to", "exr")
    assert result.exit_code == 0, result.output
    assert result.output.startswith("bracket 1 of 3: p0.jpg, p1.jpg, p2.jpg\nbracket 2 of 3: p3.jpg, p4.jpg, p5.jpg\n")
    assert "single photograph 3 of 3: single.jpg" in result.output
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert names == {"p0_bracket.exr", "p3_bracket.exr", "single.exr"}


def test_a_count_groups_what_exif_does_not(folder, tmp_path, run):
    (folder / "single.jpg").unlink()
    result = run(folder, "--bracket", "--group", 2, "--ev", "0,-2", "--to", "exr", "--json")
    assert [entry["status"] for entry in json.loads(result.stdout)] == ["done"] * 3
    with refusal_of("--group 4", 6):
        raise run(folder, "--bracket", "--group", 4).exception


def test_a_warning_has_a_line_of_its_own(folder, tmp_path, run):
    result = run(*(folder / f"p{place}.jpg" for place in range(2)), "--bracket", "--ev", "0,4", "--to", "exr")
    (line,) = [line for line in result.stdout.splitlines() if line.startswith("warning: ")]
    assert line.endswith("leave --ev out")


def test_a_corrupt_frame_fails_its_bracket_and_no_other(folder, tmp_path, run):
    (folder / "p1.jpg").write_bytes((folder / "p1.jpg").read_bytes()[:700])
    result = run(folder, "--bracket", "--group", 3, "--to", "exr", *(folder / "p0.jpg",) * 2, "--json")
    assert result.exit_code != 0
    (folder / "single.jpg").unlink()
    result = run(folder, "--bracket", "--group", 3, "--to", "exr", "--json")
    outcomes = json.loads(result.stdout)
    assert result.exit_code == 1
    assert [entry["status"] for entry in outcomes] == ["failed", "done"]
    assert "p1.jpg" in outcomes[0]["error"]
    assert outcomes[1]["input"] == f"{folder / 'p3.jpg'} + p4.jpg + p5.jpg"
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["p3_bracket.exr"]


def test_what_is_done_is_skipped_and_a_second_run_does_not_take_results_for_frames(folder, tmp_path, run):
    arguments = (folder, "--bracket", "auto", "--to", "ultrahdr,png16", "-o", folder)
    (folder / "single.jpg").unlink()
    command = ["reconstruct", *map(str, arguments), "--weights", str(tmp_path / "tiny.safetensors"), "--align", "none"]
    first = CliRunner().invoke(app, command)
    assert first.exit_code == 0, first.output
    assert (folder / "p0_bracket_ultrahdr.jpg").is_file()
    second = CliRunner().invoke(app, command)
    assert second.output.count("already done") == 2
    assert "bracket 2 of 2" in second.output


def test_settings_of_brackets_need_the_word(folder, run):
    with refusal_of("--ev", "--bracket"):
        raise run(folder / "p0.jpg", "--ev", "0,1").exception
    with refusal_of("--ev 0;1", "-2,0,2"):
        raise run("--bracket", folder / "p0.jpg", folder / "p1.jpg", "--ev", "0;1").exception


def test_a_single_frame_falls_back_with_a_word(folder, tmp_path, run):
    result = run("--bracket", folder / "p0.jpg", "--to", "exr")
    assert result.exit_code == 0, result.output
    assert "a single frame: reconstructed as a photograph" in " ".join(result.output.split())
    assert (tmp_path / "out" / "p0.exr").is_file()


def test_a_frame_is_never_overwritten(folder, tmp_path, run):
    (folder / "p0.jpg").rename(folder / "a.jpg")
    Image.open(folder / "a.jpg").save(folder / "a_bracket_preview.png")
    command = ["reconstruct", "--bracket", folder / "a.jpg", folder / "a_bracket_preview.png", "-o", folder]
    frame = folder / "a_bracket_preview.png"
    with refusal_of(frame, f"input {frame}", "-o"):
        raise CliRunner().invoke(app, [*map(str, command), "--to", "preview"]).exception
