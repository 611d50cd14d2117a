"""PQ AVIF: what imagecodecs, Pillow and ffprobe find in ours, and which AVIF we refuse."""

import io
import json
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import colour
import imagecodecs
import numpy as np
import pytest
from PIL import ExifTags, Image, features

from tests.refusal import refusal_of
from twostage_hdr.imaging.avif import AVIF, _with_metadata, colour_codes
from twostage_hdr.imaging.exif import NO_INFO, PictureInfo
from twostage_hdr.imaging.hdr import read_hdr
from twostage_hdr.imaging.result_format import ResultOptions


def test_imagecodecs_finds_the_pq_codes_of_colour_science(tmp_path: Path, scene: np.ndarray) -> None:
    AVIF.save(tmp_path / "a.avif", scene, ResultOptions(quality=100))
    stored = imagecodecs.avif_decode((tmp_path / "a.avif").read_bytes())
    assert stored.dtype == np.uint16
    wide = colour.RGB_to_RGB(scene, "ITU-R BT.709", "ITU-R BT.2020", chromatic_adaptation_transform=None)
    expected = colour.models.eotf_inverse_ST2084(np.maximum(wide, 0) * 200) * 1023
    assert np.mean(np.abs(stored - expected)) < 1  # ten bits and YCbCr round
    assert np.percentile(np.abs(stored - expected), 99) < 4


def test_reading_gives_the_light_back_to_ten_bits_of_pq(tmp_path: Path, scene: np.ndarray) -> None:
    AVIF.save(tmp_path / "a.avif", scene, ResultOptions(quality=100))
    image = read_hdr(tmp_path / "a.avif")
    grey, expected = image.pixels.mean(axis=-1), scene.mean(axis=-1)
    bright = expected > 0.05
    assert np.median(np.abs(grey[bright] / expected[bright] - 1)) < 0.01
    assert image.white_nits == 200
    assert image.primaries == "Rec. 2020"
    assert image.domain == "PQ AVIF, 10 bits"


def test_another_white_moves_the_luminance(tmp_path: Path) -> None:
    AVIF.save(tmp_path / "a.avif", np.ones((16, 16, 3), np.float32), ResultOptions(white_nits=400.0, quality=100))
    assert read_hdr(tmp_path / "a.avif").pixels.mean() == pytest.approx(2, rel=0.01)


def test_a_lower_quality_makes_a_smaller_file(tmp_path: Path, noise: np.ndarray) -> None:
    AVIF.save(tmp_path / "fine.avif", noise, ResultOptions(quality=95))
    AVIF.save(tmp_path / "rough.avif", noise, ResultOptions(quality=30))
    assert (tmp_path / "rough.avif").stat().st_size < (tmp_path / "fine.avif").stat().st_size / 2


def test_black_is_written(tmp_path: Path) -> None:
    AVIF.save(tmp_path / "a.avif", np.zeros((8, 8, 3), np.float32))
    assert read_hdr(tmp_path / "a.avif").pixels.max() < 1e-4


@pytest.mark.skipif(not features.check("avif"), reason="this Pillow has no AVIF")
def test_pillow_opens_it(tmp_path: Path, scene: np.ndarray) -> None:
    AVIF.save(tmp_path / "a.avif", scene)
    with Image.open(tmp_path / "a.avif") as image:
        image.load()
        assert image.size == (64, 48)


@pytest.mark.skipif(shutil.which("ffprobe") is None, reason="ffmpeg is not installed")
def test_ffprobe_finds_ten_bits_full_range_pq_and_bt2020(tmp_path: Path, scene: np.ndarray) -> None:
    AVIF.save(tmp_path / "a.avif", scene)
    command = ["ffprobe", "-v", "error", "-show_streams", "-of", "json", tmp_path / "a.avif"]
    stream = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)["streams"][0]
    assert stream["pix_fmt"] == "yuv444p10le"
    assert (stream["color_range"], stream["color_transfer"]) == ("pc", "smpte2084")
    assert (stream["color_primaries"], stream["color_space"]) == ("bt2020", "bt2020nc")


def test_an_ordinary_avif_is_refused_with_its_codes(tmp_path: Path) -> None:
    ordinary = imagecodecs.avif_encode(np.zeros((8, 8, 3), np.uint8), primaries=1, transfer=13, matrix=6)
    (tmp_path / "a.avif").write_bytes(ordinary)
    with refusal_of(tmp_path / "a.avif", "(1, 13)", "PQ", "HLG", "reconstruct"):
        read_hdr(tmp_path / "a.avif")
    assert colour_codes(bytes(ordinary)) == (1, 13)
    assert colour_codes(b"no box") == (2, 2)


def test_alpha_and_twelve_bits_are_read(tmp_path: Path) -> None:
    codes = np.full((16, 16, 4), 2000, np.uint16)
    data = imagecodecs.avif_encode(
        codes, level=100, bitspersample=12, pixelformat="yuv444", primaries=9, transfer=16, matrix=9
    )
    (tmp_path / "a.avif").write_bytes(data)
    image = read_hdr(tmp_path / "a.avif")
    np.testing.assert_allclose(image.pixels, colour.models.eotf_ST2084(2000 / 4095) / 200, rtol=0.01)
    assert image.domain == "PQ AVIF, 12 bits"
    assert "alpha channel dropped" in image.notes


@pytest.mark.parametrize("share", [0.05, 0.3, 0.9])
def test_a_cut_file_is_refused_in_one_line(tmp_path: Path, noise: np.ndarray, share: float) -> None:
    AVIF.save(tmp_path / "a.avif", noise)
    data = (tmp_path / "a.avif").read_bytes()
    (tmp_path / "a.avif").write_bytes(data[: int(len(data) * share)])
    with refusal_of(tmp_path / "a.avif"):
        read_hdr(tmp_path / "a.avif")


def test_a_picture_of_another_kind_is_refused(tmp_path: Path) -> None:
    png = io.BytesIO()
    Image.new("RGB", (4, 4)).save(png, "PNG")
    (tmp_path / "a.avif").write_bytes(png.getvalue())
    with refusal_of(tmp_path / "a.avif", "PQ", "HLG"):
        read_hdr(tmp_path / "a.avif")


@pytest.mark.skipif(not features.check("avif"), reason="this Pillow has no AVIF")
@pytest.mark.parametrize("only", [None, "exif", "xmp"])
def test_libavif_finds_what_goes_along(tmp_path: Path, scene: np.ndarray, info: PictureInfo, only: str | None) -> None:
    kept = info if only is None else replace(NO_INFO, **{only: getattr(info, only)})
    AVIF.save(tmp_path / "a.avif", scene, info=kept)
    with Image.open(tmp_path / "a.avif") as image:
        image.load()
        assert image.getexif().get_ifd(ExifTags.IFD.Exif).get(ExifTags.Base.FNumber) == (
            None if only == "xmp" else pytest.approx(2.8)
        )
        assert image.info.get("xmp") == (None if only == "exif" else info.xmp)


def test_the_pixels_are_the_same(scene: np.ndarray, info: PictureInfo) -> None:
    codes = (scene / scene.max() * 1023).astype(np.uint16)
    plain = imagecodecs.avif_encode(codes, level=90, bitspersample=10)
    assert _with_metadata(plain, NO_INFO) == plain
    described = _with_metadata(plain, info)
    assert len(described) > len(plain) + len(info.exif) + len(info.xmp)
    np.testing.assert_array_equal(imagecodecs.avif_decode(described), imagecodecs.avif_decode(plain))


def test_libheif_finds_both(tmp_path: Path, scene: np.ndarray, info: PictureInfo) -> None:
    pillow_heif = pytest.importorskip("pillow_heif")
    AVIF.save(tmp_path / "a.avif", scene, info=info)
    found = pillow_heif.open_heif(tmp_path / "a.avif").info
    assert found["xmp"] == info.xmp
    assert b"2024:05:06 07:08:09" in found["exif"]


@pytest.mark.skipif(shutil.which("exiftool") is None, reason="exiftool is not installed")
def test_exiftool_finds_both(tmp_path: Path, scene: np.ndarray, info: PictureInfo) -> None:
    AVIF.save(tmp_path / "a.avif", scene, info=info)
    told = subprocess.run(["exiftool", "-j", "-n", tmp_path / "a.avif"], capture_output=True, text=True, check=True)
    (tags,) = json.loads(told.stdout)
    assert {"Error", "Warning"}.isdisjoint(tags)
    assert (tags["FNumber"], tags["GPSLatitude"], tags["Rating"]) == (2.8, 48.5, 4)
