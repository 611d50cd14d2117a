import json

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from tests.imaging.gain_map_files import apple_exif, apple_jpeg
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
    assert "'.txt'" in entries[1]["error"]


def test_what_is_missing_is_told_as_missing_and_a_pattern_without_files_stops_nothing(tmp_path, ramp):
    write_exr(tmp_path / "ramp.exr", ramp)
    result = _run(tmp_path / "gone", f"{tmp_path}/*.hdr", tmp_path / "ramp.exr", "--json")
    assert result.exit_code == 1
    named = {entry["error"].split(": ")[0] for entry in json.loads(result.stdout) if "error" in entry}
    assert named == {f"{tmp_path}/gone", f"{tmp_path}/*.hdr"}


def test_an_ordinary_photograph_is_told_as_one(tmp_path):
    exif = Image.Exif()
    exif[0x0132] = "2024:05:17 18:30:09"
    for name in ("photo.png", "photo.jpg", "photo.webp", "photo.tif"):
        Image.new("RGB", (4, 3), (255, 188, 0)).save(tmp_path / name, exif=exif, quality=100)
        (facts,) = json.loads(_run(tmp_path / name, "--json").stdout)
        assert (facts["width"], facts["height"], facts["domain"]) == (4, 3, "photograph of 8 bits")
        assert (facts["maximum"], facts["taken"]) == (pytest.approx(1, abs=0.03), "2024-05-17 18:30:09")
        assert (facts["headroom_stops"], facts["white_nits"]) == (None, None)


def test_of_a_photograph_with_hdr_its_kind_headroom_primaries_and_date_are_told(tmp_path):
    grey, codes = np.full((8, 12, 3), 180, np.uint8), np.full((8, 12), 255, np.uint8)
    (tmp_path / "phone.jpg").write_bytes(apple_jpeg(grey, codes, apple_exif(0.8, 0.005)))
    told = " ".join(_run(tmp_path / "phone.jpg").stdout.split())
    assert "stored as Apple gain map, base of 8 bits" in told
    assert "HDR up to 1.7 stops above white" in told
    assert "taken 2024-05-17 18:30:09" in told
    assert "primaries Rec. 709" in told
    assert "1.0 is 203 cd/m²" in told


def test_a_damaged_photograph_is_named(tmp_path):
    (tmp_path / "photo.jpg").write_bytes(b"\xff\xd8\xff nothing")
    result = _run(tmp_path / "photo.jpg")
    assert result.exit_code == 1
    assert f"{tmp_path / 'photo.jpg'}: " in result.stderr
