"""PQ JPEG XL: what libjxl through imagecodecs and ffprobe find in ours."""

import json
import shutil
import subprocess
from pathlib import Path

import colour
import imagecodecs
import numpy as np
import pytest

from tests.refusal import refusal_of
from twostage_hdr.imaging.exif import PictureInfo
from twostage_hdr.imaging.hdr import read_hdr
from twostage_hdr.imaging.jpegxl import JPEG_XL
from twostage_hdr.imaging.result_format import ResultOptions


def expected_codes(scene: np.ndarray) -> np.ndarray:
    wide = colour.RGB_to_RGB(scene, "ITU-R BT.709", "ITU-R BT.2020", chromatic_adaptation_transform=None)
    return colour.models.eotf_inverse_ST2084(np.maximum(wide, 0) * 200) * 65535


def test_without_loss_libjxl_finds_the_pq_codes_of_colour_science(tmp_path: Path, scene: np.ndarray) -> None:
    JPEG_XL.save(tmp_path / "a.jxl", scene, ResultOptions(quality=100))
    stored = imagecodecs.jpegxl_decode((tmp_path / "a.jxl").read_bytes())
    assert stored.dtype == np.uint16
    np.testing.assert_allclose(stored, expected_codes(scene), atol=2)


def test_without_loss_reading_gives_the_light_back(tmp_path: Path, scene: np.ndarray) -> None:
    JPEG_XL.save(tmp_path / "a.jxl", scene, ResultOptions(quality=100))
    image = read_hdr(tmp_path / "a.jxl")
    np.testing.assert_allclose(image.pixels, scene, rtol=3e-3, atol=1e-4)
    assert (image.white_nits, image.primaries) == (200, "Rec. 2020")


def test_the_usual_quality_is_hardly_seen_and_much_smaller(tmp_path: Path, scene: np.ndarray) -> None:
    picture = np.tile(scene, (3, 3, 1))
    JPEG_XL.save(tmp_path / "a.jxl", picture)
    JPEG_XL.save(tmp_path / "exact.jxl", picture, ResultOptions(quality=100))
    stored = imagecodecs.jpegxl_decode((tmp_path / "a.jxl").read_bytes()).astype(float)
    assert np.mean(np.abs(stored - expected_codes(picture))) / 65535 < 0.01
    assert (tmp_path / "a.jxl").stat().st_size < (tmp_path / "exact.jxl").stat().st_size / 2


@pytest.mark.skipif(shutil.which("ffprobe") is None, reason="ffmpeg is not installed")
def test_ffprobe_finds_sixteen_bits_pq_and_bt2020(tmp_path: Path, scene: np.ndarray) -> None:
    JPEG_XL.save(tmp_path / "a.jxl", scene)
    command = ["ffprobe", "-v", "error", "-show_streams", "-of", "json", tmp_path / "a.jxl"]
    done = subprocess.run(command, capture_output=True, check=False)
    streams = json.loads(done.stdout or "{}").get("streams")
    if done.returncode or not streams:
        pytest.skip("this ffmpeg has no JPEG XL decoder")
    assert streams[0]["pix_fmt"] == "rgb48le"
    assert (streams[0]["color_transfer"], streams[0]["color_primaries"]) == ("smpte2084", "bt2020")


def test_linear_rec709_of_other_programs_is_read(tmp_path: Path, noise: np.ndarray) -> None:
    (tmp_path / "a.jxl").write_bytes(imagecodecs.jpegxl_encode(noise, lossless=True))
    image = read_hdr(tmp_path / "a.jxl")
    np.testing.assert_allclose(image.pixels, noise, rtol=1e-6)
    assert image.domain == "linear, JPEG XL"
    assert image.white_nits is None


def test_an_ordinary_jpeg_xl_is_refused_with_its_codes(tmp_path: Path) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (16, 16, 3), dtype=np.uint8)
    (tmp_path / "a.jxl").write_bytes(imagecodecs.jpegxl_encode(pixels))
    with refusal_of(tmp_path / "a.jxl", "(1, 13)", "PQ", "HLG", "(1, 8)"):
        read_hdr(tmp_path / "a.jxl")


def test_grey_is_refused(tmp_path: Path, noise: np.ndarray) -> None:
    (tmp_path / "a.jxl").write_bytes(imagecodecs.jpegxl_encode(noise[:, :, 0].copy()))
    with refusal_of(tmp_path / "a.jxl", "1-channel"):
        read_hdr(tmp_path / "a.jxl")


@pytest.mark.parametrize("share", [0.01, 0.3, 0.9])
def test_a_cut_file_is_refused_in_one_line(tmp_path: Path, noise: np.ndarray, share: float) -> None:
    JPEG_XL.save(tmp_path / "a.jxl", noise)
    data = (tmp_path / "a.jxl").read_bytes()
    (tmp_path / "a.jxl").write_bytes(data[: int(len(data) * share)])
    with refusal_of(tmp_path / "a.jxl", "JPEG XL"):
        read_hdr(tmp_path / "a.jxl")


def test_boxes_of_exif_and_xmp_surround_the_same_codestream(
    tmp_path: Path, scene: np.ndarray, info: PictureInfo
) -> None:
    JPEG_XL.save(tmp_path / "plain.jxl", scene, info=PictureInfo(primaries=info.primaries))
    JPEG_XL.save(tmp_path / "a.jxl", scene, info=info)
    data, at, boxes = (tmp_path / "a.jxl").read_bytes(), 0, {}
    while at < len(data):
        size = int.from_bytes(data[at : at + 4], "big")
        boxes[data[at + 4 : at + 8]] = data[at + 8 : at + size]
        at += size
    assert list(boxes)[:2] == [b"JXL ", b"ftyp"]
    assert boxes[b"Exif"][:8] == bytes(4) + info.exif[:4]
    assert boxes[b"xml "] == info.xmp
    plain, described = (imagecodecs.jpegxl_decode((tmp_path / name).read_bytes()) for name in ("plain.jxl", "a.jxl"))
    np.testing.assert_array_equal(plain, described)
    np.testing.assert_array_equal(read_hdr(tmp_path / "a.jxl").pixels, read_hdr(tmp_path / "plain.jxl").pixels)


@pytest.mark.skipif(shutil.which("exiftool") is None, reason="exiftool is not installed")
def test_exiftool_finds_both(tmp_path: Path, scene: np.ndarray, info: PictureInfo) -> None:
    JPEG_XL.save(tmp_path / "a.jxl", scene, info=info)
    told = subprocess.run(["exiftool", "-j", "-n", tmp_path / "a.jxl"], capture_output=True, text=True, check=True)
    (tags,) = json.loads(told.stdout)
    assert {"Error", "Warning"}.isdisjoint(tags)
    assert (tags["FNumber"], tags["GPSLatitude"], tags["Rating"]) == (2.8, 48.5, 4)
