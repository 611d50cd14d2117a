import io
import json
import shutil
from datetime import datetime
from pathlib import Path

import cv2
import numpy as np
import OpenEXR
import pytest
from PIL import Image
from typer.testing import CliRunner

from tests.imaging.conftest import XMP, exif_block
from tests.refusal import refusal_of
from twostage_hdr.cli.main import app
from twostage_hdr.imaging.exif import PictureInfo
from twostage_hdr.imaging.exr import write_exr
from twostage_hdr.imaging.hdr import read_hdr
from twostage_hdr.imaging.ultra_hdr import ULTRA_HDR

RUNNER = CliRunner()


@pytest.fixture
def linear() -> np.ndarray:
    """Smooth, up to 8 times white."""
    rows, columns = np.mgrid[:17, :30].astype(np.float32)
    return np.stack([np.exp2(columns / 10), np.exp2(columns / 12), np.exp2(rows / 8)], axis=-1).astype(np.float32)


@pytest.fixture
def scene(tmp_path: Path, linear: np.ndarray) -> Path:
    folder = tmp_path / "in"
    folder.mkdir()
    write_exr(folder / "scene.exr", linear, half=False, white_nits=100.0)
    return folder / "scene.exr"


def _run(*arguments):
    return RUNNER.invoke(app, ["convert", *map(str, arguments)])


@pytest.mark.parametrize(
    ("to", "name", "tolerance"),
    [
        ("hdr", "scene.hdr", 0.02),
        ("tiff", "scene.tif", 0),
        ("png16", "scene_hdr.png", 1e-3),
        ("exr", "scene.exr", 5e-4),
        ("ultrahdr", "scene_ultrahdr.jpg", 0.15),
        ("jxl", "scene.jxl", 0.15),
        ("avif", "scene.avif", 0.15),
        ("png", "scene_pq.png", 2e-3),
    ],
)
def test_there_and_back_gives_the_same_light(tmp_path, scene, linear, to, name, tolerance):
    result = _run(scene, "--to", to, "-o", tmp_path / "there", "--white-nits", "200")
    assert result.exit_code == 0, result.output
    back = _run(tmp_path / "there" / name, "--to", "exr", "--float", "-o", tmp_path / "back")
    assert back.exit_code == 0, back.output
    with OpenEXR.File(str(tmp_path / "back" / f"{Path(name).stem}.exr")) as file:
        np.testing.assert_allclose(file.channels()["RGB"].pixels, linear, rtol=tolerance)


def test_the_challenges_pair_is_read_as_its_definition_says(tmp_path):
    stored = np.random.default_rng(2).integers(0, 65536, (9, 12, 3), dtype=np.uint16)
    cv2.imwrite(str(tmp_path / "0007_gt.png"), stored[:, :, ::-1])
    np.save(tmp_path / "0007_alignratio.npy", np.float64(9000.0))
    assert _run(tmp_path / "0007_gt.png", "--to", "exr", "--float", "-o", tmp_path / "out").exit_code == 0
    with OpenEXR.File(str(tmp_path / "out" / "0007_gt.exr")) as file:
        np.testing.assert_allclose(file.channels()["RGB"].pixels, (stored / 9000.0) ** 2.24, rtol=1e-5)


def test_the_files_own_absolute_scale_is_kept_and_can_be_replaced(tmp_path, scene, linear):
    for extra, white in ((), 100), (("--white-nits", "400"), 400):
        _run(scene, "--to", "exr,jxl", "-o", tmp_path / "out", "--overwrite", *extra)
        assert read_hdr(tmp_path / "out" / "scene.exr").white_nits == white
        stored = read_hdr(tmp_path / "out" / "scene.jxl")  # PQ is absolute: 1.0 comes back as 200 cd/m^2
        assert stored.pixels.mean() * 200 == pytest.approx(linear.mean() * white, rel=0.01)


def test_stops_brighten(tmp_path, scene, linear):
    _run(scene, "--to", "tiff", "-o", tmp_path / "out", "--stops", "-1.5")
    np.testing.assert_allclose(read_hdr(tmp_path / "out" / "scene.tif").pixels, linear * 2**-1.5, rtol=1e-6)


def test_from_a_folder_only_what_holds_hdr_is_taken(tmp_path, scene):
    folder = scene.parent
    _run(scene, "--to", "ultrahdr,png16", "-o", folder)
    for name in ("0001_medium.png", "holiday.jpg"):
        Image.new("RGB", (8, 8)).save(folder / name)
    result = _run(folder, "--to", "hdr", "-o", tmp_path / "out", "--json")
    assert result.exit_code == 0, result.output
    assert [Path(entry["input"]).name for entry in json.loads(result.stdout)] == [
        "scene.exr",
        "scene_hdr.png",
        "scene_ultrahdr.jpg",
    ]


def test_one_bad_file_does_not_stop_the_others(tmp_path, scene):
    (tmp_path / "bad.exr").write_bytes(b"nothing")
    Image.new("RGB", (8, 8)).save(tmp_path / "plain.jpg")
    result = _run(tmp_path / "bad.exr", tmp_path / "plain.jpg", scene, "--to", "hdr", "-o", tmp_path / "out")
    assert result.exit_code == 1
    assert "2 of 3 inputs failed" in result.output
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["scene.hdr"]


def test_inputs_and_existing_results_are_never_overwritten(tmp_path, scene):
    before = scene.read_bytes()
    with refusal_of(scene, f"input {scene}", "-o"):
        raise _run(scene, "--to", "exr", "-o", scene.parent, "--overwrite").exception
    assert scene.read_bytes() == before
    out = tmp_path / "out"
    out.mkdir()
    (out / "scene.hdr").write_bytes(b"mine")
    assert "already done" in _run(scene, "--to", "hdr", "-o", out).output
    assert (out / "scene.hdr").read_bytes() == b"mine"
    shutil.copy(scene, scene.with_name("other.exr"))
    assert _run(scene, scene.parent / ".." / "in" / "scene.exr", "--to", "hdr", "-o", out).exception is not None


def test_what_a_format_cannot_hold_is_told(tmp_path):
    write_exr(tmp_path / "sun.exr", np.full((8, 8, 3), 1e5, np.float32), half=False)
    told = _run(tmp_path / "sun.exr", "--to", "exr,jxl,ultrahdr", "-o", tmp_path / "out").output
    assert "above 65504 clipped by OpenEXR of 16-bit floats" in told
    assert "above 50 clipped by PQ" in told
    assert "above 49.261 clipped by Ultra HDR" in told


@pytest.mark.parametrize(("nits", "told"), [(1000, True), (203, False), (None, False)])
def test_an_absolute_scale_that_ultra_hdr_cannot_keep_is_told(tmp_path, nits, told):
    write_exr(tmp_path / "a.exr", np.full((8, 8, 3), 0.5, np.float32), white_nits=nits)
    result = _run(tmp_path / "a.exr", "--to", "ultrahdr", "-o", tmp_path / "out")
    assert result.exit_code == 0
    assert ("Ultra HDR cannot say that 1.0 is 1000 cd/m²" in " ".join(result.output.split())) == told


def test_an_absolute_scale_that_formats_have_no_place_for_is_told(tmp_path, scene):
    result = _run(scene, "--to", "exr,hdr,tiff,avif", "-o", tmp_path / "out", "--white-nits", "500")
    assert "hdr, tiff cannot say that 1.0 is 500 cd/m²" in " ".join(result.output.split())


def test_an_exposure_beyond_float32_is_refused_and_leaves_nothing(tmp_path):
    write_exr(tmp_path / "sun.exr", np.full((8, 8, 3), 1e33, np.float32), half=False)
    result = _run(
        tmp_path / "sun.exr", "--to", "exr,png16,ultrahdr", "-o", tmp_path / "out", "--float", "--stops", "30"
    )
    assert result.exit_code == 1
    assert "sun.exr: --stops 30 " in result.stderr
    assert "float32" in result.stderr
    assert not (tmp_path / "out").exists()


def test_an_unknown_compression_is_refused_with_the_choices(tmp_path, scene):
    with refusal_of("--compression zip9", "none, rle, zips"):
        raise _run(scene, "--to", "exr", "-o", tmp_path, "--compression", "zip9").exception


@pytest.mark.parametrize("stops", ["nan", "inf", "1000"])
def test_an_exposure_that_leaves_nothing_is_refused(tmp_path, scene, stops):
    with refusal_of(f"--stops {stops}"):
        raise _run(scene, "--to", "exr", "-o", tmp_path / "out", "--stops", stops).exception
    assert not (tmp_path / "out").exists()


def test_what_the_photograph_said_goes_along_unless_it_is_stripped(tmp_path, linear):
    info = PictureInfo(exif=exif_block(), xmp=XMP, taken=datetime(2024, 5, 6, 7, 8, 9))
    ULTRA_HDR.save(tmp_path / "a.jpg", linear, info=info)
    assert _run(tmp_path / "a.jpg", "--to", "exr", "-o", tmp_path).exit_code == 0
    with OpenEXR.File(str(tmp_path / "a.exr")) as file:
        assert file.header()["capDate"] == "2024:05:06 07:08:09"
        assert file.header()["latitude"] == 48.5
    assert _run(tmp_path / "a.exr", "--to", "hdr,tiff", "-o", tmp_path).exit_code == 0
    assert b"CAPDATE=2024:05:06 07:08:09\n" in (tmp_path / "a.hdr").read_bytes()
    assert b':Rating="4"' in (tmp_path / "a.tif").read_bytes()
    assert _run(tmp_path / "a.jpg", "--to", "exr", "-o", tmp_path / "bare", "--strip-metadata").exit_code == 0
    with OpenEXR.File(str(next((tmp_path / "bare").glob("*.exr")))) as file:
        assert {"capDate", "latitude", "xmp"}.isdisjoint(file.header())


@pytest.mark.parametrize(
    ("options", "size", "mode"), [((), (30, 17), "RGB"), (("--gain-map", "half", "--one-channel"), (15, 9), "L")]
)
def test_the_gain_maps_size_and_channels_can_be_chosen(tmp_path, scene, options, size, mode):
    assert _run(scene, "--to", "ultrahdr", "-o", tmp_path, *options).exit_code == 0
    data = (tmp_path / "scene_ultrahdr.jpg").read_bytes()
    with Image.open(io.BytesIO(data[data.rindex(b"\xff\xd8\xff") :])) as image:
        assert (image.size, image.mode) == (size, mode)


def test_an_unknown_size_is_refused(tmp_path, scene):
    with refusal_of("--gain-map third", "full, half, quarter"):
        raise _run(scene, "--to", "ultrahdr", "--gain-map", "third").exception


def test_a_folder_gives_its_pq_pngs_and_no_other(tmp_path, scene):
    assert _run(scene, "--to", "png", "-o", tmp_path / "pq").exit_code == 0
    Image.new("RGB", (4, 4)).save(tmp_path / "pq" / "photo.png")
    result = _run(tmp_path / "pq", "--to", "exr", "-o", tmp_path / "out", "--json")
    assert [Path(one["input"]).name for one in json.loads(result.stdout)] == ["scene_pq.png"]
