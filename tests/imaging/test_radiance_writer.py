"""Radiance pictures as OpenCV, OpenImageIO and imagecodecs read them: the nearest values that the format holds."""

import shutil
import subprocess
from pathlib import Path

import cv2
import imagecodecs
import numpy as np
import OpenImageIO
import pytest

from twostage_hdr.imaging.radiance_writer import RadianceRowWriter, centre_on_shared_exponent, write_radiance


def by_opencv(path: Path) -> np.ndarray:
    return cv2.imread(str(path), cv2.IMREAD_UNCHANGED)[:, :, ::-1]


def half_step(linear: np.ndarray) -> np.ndarray:
    """Half the distance of neighbouring values of a pixel, which its brightest channel sets."""
    return np.exp2(np.ceil(np.log2(linear.max(axis=-1, keepdims=True) * 1.002)) - 9)


def test_every_value_is_within_half_a_step(tmp_path: Path, noise: np.ndarray) -> None:
    write_radiance(tmp_path / "a.hdr", noise)
    assert (np.abs(by_opencv(tmp_path / "a.hdr") - noise) <= half_step(noise) * 1.001).all()


def test_the_picture_does_not_grow_darker_on_average(tmp_path: Path) -> None:
    linear = np.random.default_rng(0).uniform(0.5, 1, (200, 200, 3)).astype(np.float32)
    write_radiance(tmp_path / "a.hdr", linear)
    # Cutting off, as encoders do, would make it 1/512 of the exponent's power darker: 0.26 %.
    assert np.mean(by_opencv(tmp_path / "a.hdr") / linear) == pytest.approx(1, abs=2e-4)


def test_writing_what_was_read_changes_nothing(tmp_path: Path, noise: np.ndarray) -> None:
    write_radiance(tmp_path / "a.hdr", noise)
    first = by_opencv(tmp_path / "a.hdr")
    write_radiance(tmp_path / "b.hdr", np.ascontiguousarray(first))
    np.testing.assert_array_equal(by_opencv(tmp_path / "b.hdr"), first)


def test_three_programs_read_the_same(tmp_path: Path, scene: np.ndarray) -> None:
    write_radiance(tmp_path / "a.hdr", scene)
    expected = by_opencv(tmp_path / "a.hdr")
    np.testing.assert_array_equal(OpenImageIO.ImageBuf(str(tmp_path / "a.hdr")).get_pixels(OpenImageIO.FLOAT), expected)
    np.testing.assert_array_equal(imagecodecs.rgbe_decode((tmp_path / "a.hdr").read_bytes()), expected)


@pytest.mark.skipif(shutil.which("identify") is None, reason="ImageMagick is not installed")
def test_imagemagick_reads_the_same_up_to_white(tmp_path: Path, scene: np.ndarray) -> None:
    write_radiance(tmp_path / "a.hdr", np.minimum(scene, 0.99))
    command = ["convert", tmp_path / "a.hdr", "-set", "colorspace", "sRGB", "-depth", "16", "-endian", "LSB", "rgb:-"]
    told = subprocess.run(command, capture_output=True, check=True).stdout
    pixels = np.frombuffer(told, "<u2").reshape(48, 64, 3) / 65535
    np.testing.assert_allclose(pixels, by_opencv(tmp_path / "a.hdr"), atol=1 / 65535)


@pytest.mark.parametrize("rows", [1, 7, 19])
def test_row_by_row_is_the_same_file_as_whole(tmp_path: Path, noise: np.ndarray, rows: int) -> None:
    write_radiance(tmp_path / "whole.hdr", noise)
    with RadianceRowWriter(tmp_path / "rows.hdr", width=23, height=19) as file:
        for top in range(0, 19, rows):
            file.write_rows(noise[top : top + rows])
    np.testing.assert_array_equal(by_opencv(tmp_path / "rows.hdr"), by_opencv(tmp_path / "whole.hdr"))


@pytest.mark.parametrize("value", [0.0, 1e-35, 1.0, 0.998, 0.9999999, 255.0, 65504.0, 1e9, 1.6e38])
def test_extreme_values_survive(tmp_path: Path, value: float) -> None:
    write_radiance(tmp_path / "a.hdr", np.full((2, 9, 3), value, np.float32))
    np.testing.assert_allclose(by_opencv(tmp_path / "a.hdr"), value, rtol=1 / 256, atol=1e-32)


def test_dim_channels_beside_bright_ones_fall_to_zero_and_not_below() -> None:
    linear = np.array([[[1000.0, 1.0, 0.0]]], np.float32)
    moved = centre_on_shared_exponent(linear)
    assert (moved >= 0).all()
    assert moved[0, 0, 2] < 4  # less than one step of 1000's exponent: an encoder cuts it to 0
