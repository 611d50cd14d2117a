import json

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from twostage_hdr.cli.main import app
from twostage_hdr.imaging.challenge_png import write_challenge_pair
from twostage_hdr.imaging.exr import write_exr


def _run(*arguments):
    return CliRunner().invoke(app, ["info", *map(str, arguments)])


@pytest.fixture
def ramp() -> np.ndarray:
    """Grey, every stop from 2^-5 to 2^5 equally often."""
    return np.repeat(np.exp2(np.linspace(-5, 5, 2001, dtype=np.float32))[None, :, None], 3, axis=2)


def test_range_scale_domain_primaries_and_size_are_told(tmp_path, ramp):
    write_exr(tmp_path / "ramp.exr", ramp, half=False, white_nits=150)
    (facts,) = json.loads(_run(tmp_path / "ramp.exr", "--json").stdout)
    assert (facts["width"], facts["height"]) == (2001, 1)
    assert (facts["minimum"], facts["median"], facts["maximum"]) == pytest.approx((2**-5, 1, 2**5), rel=1e-6)
    assert facts["stops"] == pytest.approx(10 * 0.998, abs=1e-3)
    assert facts["white_nits"] == 150
    assert facts["alignratio"] is None
    assert facts["primaries"] == "Rec. 709"
    assert facts["domain"] == "linear float, OpenEXR"


def test_the_challenges_scale_is_told_in_the_table(tmp_path, ramp):
    ratio = write_challenge_pair(tmp_path / "a_hdr.png", tmp_path / "a_alignratio.npy", ramp)
    told = " ".join(_run(tmp_path / "a_hdr.png").stdout.split())
    assert f"alignratio {ratio:.6g}" in told
    assert "gamma 2.24, 16-bit PNG with alignratio" in told
    assert "2001 x 1" in told


def test_a_file_that_is_no_hdr_is_named_and_the_others_are_told(tmp_path, ramp):
    write_exr(tmp_path / "ramp.exr", ramp)
    (tmp_path / "note.txt").write_text("x")
    result = _run(tmp_path / "note.txt", tmp_path / "ramp.exr", "--json")
    assert result.exit_code == 1
    entries = json.loads(result.stdout)
    assert entries[0]["file"].endswith("ramp.exr")
    assert "'.txt' is no HDR format" in entries[1]["error"]


def test_what_is_missing_is_told_as_missing_and_a_pattern_without_files_stops_nothing(tmp_path, ramp):
    write_exr(tmp_path / "ramp.exr", ramp)
    result = _run(tmp_path / "gone", f"{tmp_path}/*.hdr", tmp_path / "ramp.exr", "--json")
    assert result.exit_code == 1
    said = {entry["error"].split(";")[0] for entry in json.loads(result.stdout) if "error" in entry}
    assert said == {f"{tmp_path}/gone: no such file", f"{tmp_path}/*.hdr: matches no file"}


def test_an_ordinary_png_is_not_asked_for_a_scale(tmp_path):
    Image.new("RGB", (4, 4)).save(tmp_path / "photo.png")
    told = " ".join(_run(tmp_path / "photo.png").stderr.split())
    assert "8-bit PNG, an ordinary image" in told
    assert "reconstruct" in told
