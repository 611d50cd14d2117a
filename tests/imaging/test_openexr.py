"""OpenEXR as others read it: the reference library, OpenImageIO, and exrheader where it is installed."""

import shutil
import subprocess
from pathlib import Path

import numpy as np
import OpenEXR
import OpenImageIO
import pytest

from twostage_hdr.imaging.exr_reader import read_exr
from twostage_hdr.imaging.openexr import ExrRowWriter, write_exr
from twostage_hdr.imaging.software import software_tag

LOSSLESS = ["none", "rle", "zips", "zip", "piz"]
LOSSY = ["pxr24", "b44", "dwaa", "dwab"]


def by_openexr(path: Path) -> tuple[np.ndarray, dict]:
    with OpenEXR.File(str(path)) as file:
        return file.channels()["RGB"].pixels.copy(), dict(file.header())


@pytest.mark.parametrize("compression", LOSSLESS)
def test_floats_are_read_back_exactly_by_the_reference_library(tmp_path: Path, noise, compression) -> None:
    write_exr(tmp_path / "a.exr", noise, half=False, compression=compression)
    pixels, _ = by_openexr(tmp_path / "a.exr")
    assert pixels.dtype == np.float32
    np.testing.assert_array_equal(pixels, noise)


@pytest.mark.parametrize("compression", LOSSLESS)
def test_halves_are_numpys_nearest_ones(tmp_path: Path, noise, compression) -> None:
    write_exr(tmp_path / "a.exr", noise, compression=compression)
    pixels, _ = by_openexr(tmp_path / "a.exr")
    assert pixels.dtype == np.float16
    np.testing.assert_array_equal(pixels, noise.astype(np.float16))


@pytest.mark.parametrize("compression", LOSSY)
@pytest.mark.parametrize("half", [True, False])
def test_lossy_compression_loses_little_on_a_smooth_picture(tmp_path: Path, scene, compression, half) -> None:
    write_exr(tmp_path / "a.exr", scene, half=half, compression=compression)
    pixels, _ = by_openexr(tmp_path / "a.exr")
    bright = scene > 0.01
    assert np.mean(np.abs(pixels[bright] / scene[bright] - 1)) < 0.02


def test_openimageio_reads_the_same(tmp_path: Path, noise) -> None:
    write_exr(tmp_path / "a.exr", noise, half=False)
    np.testing.assert_array_equal(OpenImageIO.ImageBuf(str(tmp_path / "a.exr")).get_pixels(OpenImageIO.FLOAT), noise)


def test_the_header_states_primaries_white_and_program(tmp_path: Path, noise) -> None:
    write_exr(tmp_path / "a.exr", noise, white_nits=180.0)
    _, header = by_openexr(tmp_path / "a.exr")
    np.testing.assert_allclose(header["chromaticities"], [0.64, 0.33, 0.3, 0.6, 0.15, 0.06, 0.3127, 0.329], atol=1e-6)
    assert header["whiteLuminance"] == 180
    assert software_tag() in str(header.get("Software", header.get("software")))


def test_no_white_is_stated_unless_given(tmp_path: Path, noise) -> None:
    write_exr(tmp_path / "a.exr", noise)
    assert "whiteLuminance" not in by_openexr(tmp_path / "a.exr")[1]
    assert read_exr(tmp_path / "a.exr").white_nits is None


@pytest.mark.skipif(shutil.which("exrheader") is None, reason="exrheader is not installed")
def test_exrheader_lists_half_channels_and_the_white(tmp_path: Path, noise) -> None:
    write_exr(tmp_path / "a.exr", noise, white_nits=180.0)
    told = subprocess.run(["exrheader", tmp_path / "a.exr"], capture_output=True, text=True, check=True).stdout
    assert "R, 16-bit floating-point" in told
    assert "whiteLuminance (type float): 180" in told


@pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="ffmpeg is not installed")
def test_ffmpeg_reads_the_same(tmp_path: Path, noise) -> None:
    write_exr(tmp_path / "a.exr", noise)
    command = ["ffmpeg", "-v", "error", "-i", tmp_path / "a.exr", "-f", "rawvideo", "-pix_fmt", "gbrpf32le", "-"]
    told = subprocess.run(command, capture_output=True, check=True).stdout
    green, blue, red = np.frombuffer(told, "<f4").reshape(3, 19, 23)
    np.testing.assert_array_equal(np.stack([red, green, blue], -1), noise.astype(np.float16).astype(np.float32))


def test_values_beyond_half_are_clipped_and_not_infinite(tmp_path: Path) -> None:
    write_exr(tmp_path / "a.exr", np.full((2, 2, 3), 1e6, np.float32))
    np.testing.assert_array_equal(by_openexr(tmp_path / "a.exr")[0], 65504)


@pytest.mark.parametrize("half", [True, False])
def test_row_by_row_is_the_same_file_as_whole(tmp_path: Path, noise, half) -> None:
    write_exr(tmp_path / "whole.exr", noise, half=half)
    with ExrRowWriter(tmp_path / "rows.exr", width=23, height=19, half=half) as file:
        for top in range(0, 19, 4):
            file.write_rows(noise[top : top + 4])
    np.testing.assert_array_equal(by_openexr(tmp_path / "rows.exr")[0], by_openexr(tmp_path / "whole.exr")[0])


def test_black_and_a_single_pixel_are_written(tmp_path: Path) -> None:
    write_exr(tmp_path / "a.exr", np.zeros((1, 1, 3), np.float32))
    assert by_openexr(tmp_path / "a.exr")[0].shape == (1, 1, 3)
    assert read_exr(tmp_path / "a.exr").pixels.max() == 0
