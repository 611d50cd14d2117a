"""The challenge's pair: its published formula, OpenCV and Pillow as second readers, and the real samples."""

import shutil
import subprocess
from pathlib import Path

import cv2
import imagecodecs
import numpy as np
import pytest
from PIL import Image

from tests.refusal import refusal_of
from twostage_hdr.imaging.challenge_png import (
    alignratio_of,
    alignratio_path_for,
    challenge_writer,
    read_alignratio,
    read_challenge_as_linear,
    read_challenge_png,
    write_challenge_pair,
)
from twostage_hdr.imaging.result_format import Result


def by_opencv(path: Path) -> np.ndarray:
    return cv2.imread(str(path), cv2.IMREAD_UNCHANGED)[:, :, ::-1]


def pair(folder: Path) -> tuple[Path, Path]:
    return folder / "0001_gt.png", folder / "0001_alignratio.npy"


def test_the_pair_is_the_challenges_formula(tmp_path: Path, noise: np.ndarray) -> None:
    encoded = noise ** np.float32(1 / 2.24)
    alignratio = write_challenge_pair(*pair(tmp_path), encoded)
    assert alignratio == pytest.approx(65535 / encoded.max())
    stored = by_opencv(pair(tmp_path)[0])
    assert stored.dtype == np.uint16
    assert stored.max() == 65535
    np.testing.assert_allclose(stored, np.round(encoded.astype(np.float64) * alignratio), atol=1)
    assert float(np.load(pair(tmp_path)[1])) == alignratio


def test_reading_gives_the_values_back_to_half_a_step(tmp_path: Path, noise: np.ndarray) -> None:
    encoded = noise ** np.float32(1 / 2.24)
    alignratio = write_challenge_pair(*pair(tmp_path), encoded)
    np.testing.assert_allclose(read_challenge_png(*pair(tmp_path)), encoded, atol=0.51 / alignratio)


def test_linear_values_are_the_encoded_ones_to_the_power_of_2_24(tmp_path: Path, noise: np.ndarray) -> None:
    alignratio = write_challenge_pair(*pair(tmp_path), noise ** np.float32(1 / 2.24))
    image = read_challenge_as_linear(pair(tmp_path)[0])
    np.testing.assert_allclose(image.pixels, (by_opencv(pair(tmp_path)[0]) / alignratio) ** 2.24, rtol=1e-5, atol=1e-12)
    assert image.alignratio == alignratio
    assert "2.24" in image.domain


def test_an_all_black_image_has_a_scale_too(tmp_path: Path) -> None:
    black = np.zeros((3, 4, 3), np.float32)
    assert alignratio_of(black) == 65535
    write_challenge_pair(*pair(tmp_path), black)
    assert by_opencv(pair(tmp_path)[0]).max() == 0
    np.testing.assert_array_equal(read_challenge_png(*pair(tmp_path)), black)


@pytest.mark.parametrize("rows", [1, 4, 19])
def test_row_by_row_is_the_same_pair_as_whole(tmp_path: Path, noise: np.ndarray, rows: int) -> None:
    alignratio = write_challenge_pair(*pair(tmp_path), noise)
    png, scale = tmp_path / "rows_hdr.png", tmp_path / "rows_alignratio.npy"
    with challenge_writer(Result(paths=[png, scale], width=23, height=19), alignratio=alignratio) as write_rows:
        for top in range(0, 19, rows):
            write_rows(noise[top : top + rows])
    np.testing.assert_array_equal(by_opencv(png), by_opencv(pair(tmp_path)[0]))
    assert np.load(scale) == alignratio


def test_a_failure_half_way_leaves_no_png_without_its_scale(tmp_path: Path, noise: np.ndarray) -> None:
    png, scale = pair(tmp_path)
    with (
        pytest.raises(ValueError, match="5 of 19"),
        challenge_writer(Result(paths=[png, scale], width=23, height=19), alignratio=1000.0) as write_rows,
    ):
        write_rows(noise[:5])
    assert not png.exists()


def test_pillow_opens_it_as_an_ordinary_picture(tmp_path: Path, noise: np.ndarray) -> None:
    write_challenge_pair(*pair(tmp_path), noise)
    with Image.open(pair(tmp_path)[0]) as image:
        assert image.size == (23, 19)
        assert image.convert("RGB").getextrema()[0][1] > 250


@pytest.mark.skipif(shutil.which("identify") is None, reason="ImageMagick is not installed")
def test_imagemagick_finds_sixteen_bits(tmp_path: Path, noise: np.ndarray) -> None:
    write_challenge_pair(*pair(tmp_path), noise)
    told = subprocess.run(
        ["identify", "-format", "%wx%h %z %[channels]", pair(tmp_path)[0]], capture_output=True, text=True, check=True
    )
    assert told.stdout.startswith("23x19 16 srgb")


@pytest.mark.parametrize(
    ("name", "scale"),
    [("0001_gt.png", "0001_alignratio.npy"), ("photo_hdr.png", "photo_alignratio.npy"), ("a.png", "a_alignratio.npy")],
)
def test_the_scale_lies_beside_under_the_challenges_name(name: str, scale: str) -> None:
    assert alignratio_path_for(Path("x") / name) == Path("x") / scale


def test_grey_and_alpha_are_understood(tmp_path: Path) -> None:
    codes = np.random.default_rng(0).integers(0, 65536, (4, 5, 4), dtype=np.uint16)
    np.save(pair(tmp_path)[1], 5000.0)
    pair(tmp_path)[0].write_bytes(imagecodecs.png_encode(codes))
    np.testing.assert_allclose(read_challenge_png(*pair(tmp_path)), codes[:, :, :3] / 5000, rtol=1e-6)
    pair(tmp_path)[0].write_bytes(imagecodecs.png_encode(codes[:, :, 0].copy()))
    np.testing.assert_allclose(read_challenge_png(*pair(tmp_path))[:, :, 2], codes[:, :, 0] / 5000, rtol=1e-6)


def test_a_png_of_8_bits_is_refused(tmp_path: Path) -> None:
    np.save(pair(tmp_path)[1], 5000.0)
    Image.new("RGB", (4, 4)).save(pair(tmp_path)[0])
    with refusal_of(pair(tmp_path)[0], "8-bit", "16 bits"):
        read_challenge_png(*pair(tmp_path))


@pytest.mark.parametrize("cut", [0, 30, 60, 200])
def test_a_cut_png_is_refused_in_one_line(tmp_path: Path, noise: np.ndarray, cut: int) -> None:
    write_challenge_pair(*pair(tmp_path), noise)
    pair(tmp_path)[0].write_bytes(pair(tmp_path)[0].read_bytes()[:cut])
    with refusal_of(pair(tmp_path)[0]):
        read_challenge_png(*pair(tmp_path))


def test_missing_files_are_named(tmp_path: Path, noise: np.ndarray) -> None:
    with refusal_of(pair(tmp_path)[0]):
        read_challenge_png(*pair(tmp_path))
    write_challenge_pair(*pair(tmp_path), noise)
    pair(tmp_path)[1].unlink()
    with refusal_of(pair(tmp_path)[1], "numpy.save"):
        read_challenge_png(*pair(tmp_path))


@pytest.mark.parametrize(
    ("value", "seen"),
    [
        *((value, str(value)) for value in (0.0, -3.0, 1e-300, 1e30, np.nan, np.inf)),
        *(([1.0, 2.0], "(2,)"), ("text", "<U4"), (2 + 1j, "complex128")),
    ],
)
def test_a_scale_that_is_no_positive_number_is_refused(tmp_path: Path, value: object, seen: str) -> None:
    np.save(tmp_path / "a.npy", value)
    with refusal_of(tmp_path / "a.npy", seen):
        read_alignratio(tmp_path / "a.npy")


@pytest.mark.parametrize("value", [4000, np.float32(4000), [4000.0], [[4000.0]]])
def test_any_shape_of_one_number_is_a_scale(tmp_path: Path, value: object) -> None:
    np.save(tmp_path / "a.npy", value)
    assert read_alignratio(tmp_path / "a.npy") == 4000


@pytest.mark.parametrize("content", [b"", b"hello", b"\x93NUMPY\x01\x00"])
def test_a_damaged_scale_file_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.npy").write_bytes(content)
    with refusal_of(tmp_path / "a.npy", "numpy.save"):
        read_alignratio(tmp_path / "a.npy")


def test_no_code_in_a_scale_file_is_run(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.array([{"a": 1}], dtype=object), allow_pickle=True)
    with refusal_of(tmp_path / "a.npy", "numpy.save"):
        read_alignratio(tmp_path / "a.npy")


@pytest.mark.parametrize("scene", ["0000", "0001"])
def test_real_challenge_samples_are_what_opencv_and_the_formula_say(shared: Path, scene: str) -> None:
    png = shared / "hdm" / f"{scene}_gt.png"
    ratio = float(np.load(shared / "hdm" / f"{scene}_alignratio.npy"))
    image = read_challenge_as_linear(png)
    np.testing.assert_allclose(image.pixels, (by_opencv(png) / ratio) ** 2.24, rtol=1e-5)
    assert image.alignratio == ratio
