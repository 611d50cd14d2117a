"""TIFF as tifffile, OpenImageIO, OpenCV and ImageMagick read it."""

import shutil
import subprocess
from pathlib import Path

import cv2
import numpy as np
import OpenImageIO
import pytest
import tifffile
from PIL import Image

from twostage_hdr.imaging.icc import rec709_profile
from twostage_hdr.imaging.software import software_tag
from twostage_hdr.imaging.tiff import read_tiff
from twostage_hdr.imaging.tiff_writer import TiffRowWriter, write_tiff


def test_floats_are_read_back_exactly_by_three_programs(tmp_path: Path, noise: np.ndarray) -> None:
    path = tmp_path / "a.tif"
    write_tiff(path, noise)
    np.testing.assert_array_equal(tifffile.imread(path), noise)
    np.testing.assert_array_equal(cv2.imread(str(path), cv2.IMREAD_UNCHANGED)[:, :, ::-1], noise)
    np.testing.assert_array_equal(OpenImageIO.ImageBuf(str(path)).get_pixels(OpenImageIO.FLOAT), noise)


def test_sixteen_bits_are_the_challenges_formula(tmp_path: Path, noise: np.ndarray) -> None:
    write_tiff(tmp_path / "a.tif", noise, bits=16)
    encoded = noise.astype(np.float64) ** (1 / 2.24)
    stored = tifffile.imread(tmp_path / "a.tif")
    assert stored.dtype == np.uint16
    np.testing.assert_allclose(stored, np.round(encoded * 65535 / encoded.max()), atol=1)
    np.testing.assert_array_equal(cv2.imread(str(tmp_path / "a.tif"), cv2.IMREAD_UNCHANGED)[:, :, ::-1], stored)


def test_the_scale_in_the_description_brings_sixteen_bits_back(tmp_path: Path, scene: np.ndarray) -> None:
    write_tiff(tmp_path / "a.tif", scene, bits=16)
    image = read_tiff(tmp_path / "a.tif")
    assert image.alignratio == pytest.approx(65535 / scene.max() ** (1 / 2.24), rel=1e-6)
    np.testing.assert_allclose(image.pixels ** (1 / 2.24), scene ** (1 / 2.24), atol=0.51 / image.alignratio)


@pytest.mark.parametrize(("bits", "gamma"), [(32, 1.0), (16, 2.24)])
def test_profile_and_program_are_stated(tmp_path: Path, noise: np.ndarray, bits, gamma: float) -> None:
    write_tiff(tmp_path / "a.tif", noise, bits=bits)
    with tifffile.TiffFile(tmp_path / "a.tif") as file:
        tags = file.pages.first.tags
        assert tags.valueof("Software") == software_tag()
        assert bytes(tags.valueof("InterColorProfile")) == rec709_profile(gamma)


def test_pillow_opens_sixteen_bits_as_a_picture(tmp_path: Path, noise: np.ndarray) -> None:
    write_tiff(tmp_path / "a.tif", noise, bits=16)
    with Image.open(tmp_path / "a.tif") as image:
        assert image.size == (23, 19)
        assert image.convert("RGB").getextrema()[0][1] > 250


@pytest.mark.skipif(shutil.which("identify") is None, reason="ImageMagick is not installed")
def test_imagemagick_opens_both(tmp_path: Path, noise: np.ndarray) -> None:
    for bits in (16, 32):
        write_tiff(tmp_path / "a.tif", noise, bits=bits)
        told = subprocess.run(
            ["identify", "-format", "%wx%h %z", tmp_path / "a.tif"], capture_output=True, text=True, check=True
        )
        assert told.stdout.startswith(f"23x19 {bits}")


@pytest.mark.parametrize("alignratio", [None, 9000.0])
def test_row_by_row_is_the_same_as_whole(tmp_path: Path, noise: np.ndarray, alignratio: float | None) -> None:
    for name, step in (("whole", 19), ("rows", 4)):
        with TiffRowWriter(tmp_path / f"{name}.tif", width=23, height=19, alignratio=alignratio) as file:
            for top in range(0, 19, step):
                file.write_rows(noise[top : top + step])
    np.testing.assert_array_equal(tifffile.imread(tmp_path / "rows.tif"), tifffile.imread(tmp_path / "whole.tif"))


@pytest.mark.parametrize("bits", [16, 32])
def test_black_stays_black(tmp_path: Path, bits) -> None:
    write_tiff(tmp_path / "a.tif", np.zeros((3, 4, 3), np.float32), bits=bits)
    assert read_tiff(tmp_path / "a.tif").pixels.max() == 0
