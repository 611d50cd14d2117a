"""Sixteen bits stay sixteen bits, whatever the file's name says."""

import io
import struct
import zlib
from pathlib import Path

import cv2
import imagecodecs
import numpy as np
import pytest
import tifffile
from PIL import Image

from twostage_hdr.errors import InputError
from twostage_hdr.imaging.sixteen_bit import is_deep_png, read_deep_png, read_deep_tiff

RGB = np.random.default_rng(0).integers(0, 65536, (9, 13, 3), dtype=np.uint16)


def exif(orientation: int) -> bytes:
    values = Image.Exif()
    values[0x0112] = orientation
    return values.tobytes()


def with_chunk(png: bytes, name: bytes, body: bytes) -> bytes:
    """The PNG with a chunk more after its header."""
    chunk = struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
    return png[:33] + chunk + png[33:]


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_deep_pngs_of_any_colour_type_keep_their_samples(tmp_path: Path, channels: int) -> None:
    samples = np.random.default_rng(channels).integers(0, 65536, (9, 13, channels), dtype=np.uint16)
    stored = samples[:, :, 0].copy() if channels == 1 else samples
    (tmp_path / "a.png").write_bytes(imagecodecs.png_encode(stored))
    assert is_deep_png(tmp_path / "a.png")
    np.testing.assert_array_equal(read_deep_png(tmp_path / "a.png").samples, samples)


def test_what_opencv_writes_is_read(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "a.png"), RGB[:, :, ::-1])
    np.testing.assert_array_equal(read_deep_png(tmp_path / "a.png").samples, RGB)


def test_orientation_and_profile_of_a_png_are_found(tmp_path: Path) -> None:
    png = imagecodecs.png_encode(RGB)
    png = with_chunk(png, b"eXIf", exif(6).removeprefix(b"Exif\0\0"))
    png = with_chunk(png, b"iCCP", b"name\0\0" + zlib.compress(b"a profile"))
    (tmp_path / "a.png").write_bytes(png)
    image = read_deep_png(tmp_path / "a.png")
    assert image.orientation == 6
    assert image.profile == b"a profile"


@pytest.mark.parametrize("content", [b"", b"\x89PNG\r\n\x1a\n", b"GIF89a" * 10])
def test_other_files_are_no_deep_pngs(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.png").write_bytes(content)
    assert not is_deep_png(tmp_path / "a.png")
    png = io.BytesIO()
    Image.new("RGB", (4, 4)).save(png, "PNG")
    (tmp_path / "b.png").write_bytes(png.getvalue())
    assert not is_deep_png(tmp_path / "b.png")


@pytest.mark.parametrize("name", ["a.tif", "a.TIFF", "a.dat"])
@pytest.mark.parametrize("big", [False, True])
def test_deep_tiffs_are_known_by_their_content(tmp_path: Path, name: str, big: bool) -> None:
    tifffile.imwrite(tmp_path / name, RGB, photometric="rgb", bigtiff=big, compression="zlib", predictor=True)
    image = read_deep_tiff(tmp_path / name)
    assert image is not None
    np.testing.assert_array_equal(image.samples, RGB)
    assert (image.orientation, image.profile) == (1, None)


def test_planes_grey_and_inverted_grey_are_read(tmp_path: Path) -> None:
    planes = np.ascontiguousarray(np.moveaxis(RGB, -1, 0))
    tifffile.imwrite(tmp_path / "a.tif", planes, photometric="rgb", planarconfig="separate")
    np.testing.assert_array_equal(read_deep_tiff(tmp_path / "a.tif").samples, RGB)
    tifffile.imwrite(tmp_path / "b.tif", RGB[:, :, 0], photometric="minisblack")
    np.testing.assert_array_equal(read_deep_tiff(tmp_path / "b.tif").samples, RGB[:, :, :1])
    tifffile.imwrite(tmp_path / "c.tif", RGB[:, :, 0], photometric="miniswhite")
    np.testing.assert_array_equal(read_deep_tiff(tmp_path / "c.tif").samples, 65535 - RGB[:, :, :1])


def test_orientation_and_profile_of_a_tiff_are_found(tmp_path: Path) -> None:
    tifffile.imwrite(
        tmp_path / "a.tif", RGB, photometric="rgb", iccprofile=b"a profile", extratags=[(274, 3, 1, 8, True)]
    )
    image = read_deep_tiff(tmp_path / "a.tif")
    assert image is not None
    assert (image.orientation, image.profile) == (8, b"a profile")


def test_tiffs_of_8_bits_and_other_files_are_left_to_others(tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "a.tif", RGB.astype(np.uint8), photometric="rgb")
    assert read_deep_tiff(tmp_path / "a.tif") is None
    Image.new("RGB", (4, 4)).save(tmp_path / "b.tif", "PNG")
    assert read_deep_tiff(tmp_path / "b.tif") is None


@pytest.mark.parametrize("dtype", [np.float32, np.uint32, np.int16])
def test_other_samples_are_refused(tmp_path: Path, dtype: type) -> None:
    tifffile.imwrite(tmp_path / "a.tif", RGB.astype(dtype), photometric="rgb")
    with pytest.raises(InputError, match=f"{np.dtype(dtype).name} pixels; a photograph of 8 or 16 bits"):
        read_deep_tiff(tmp_path / "a.tif")


def test_sixteen_bit_ink_is_refused(tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "a.tif", np.zeros((4, 5, 4), np.uint16), photometric="separated")
    with pytest.raises(InputError, match="colour model SEPARATED; export it as RGB"):
        read_deep_tiff(tmp_path / "a.tif")
