"""TIFF beyond Pillow: more than 8 bits, and forms that it does not know."""

from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image

from twostage_hdr.errors import InputError
from twostage_hdr.imaging.ldr_tiff import read_tiff_beyond_pillow

RGB = np.random.default_rng(0).integers(0, 65536, (9, 13, 3), dtype=np.uint16)


@pytest.mark.parametrize("name", ["a.tif", "a.TIFF", "a.dat"])
@pytest.mark.parametrize("big", [False, True])
def test_deep_tiffs_are_known_by_their_content(tmp_path: Path, name: str, big: bool) -> None:
    tifffile.imwrite(tmp_path / name, RGB, photometric="rgb", bigtiff=big, compression="zlib", predictor=True)
    image = read_tiff_beyond_pillow(tmp_path / name)
    assert image is not None
    np.testing.assert_array_equal(image.samples, RGB)
    assert (image.orientation, image.profile) == (1, None)


def test_planes_grey_and_inverted_grey_are_read(tmp_path: Path) -> None:
    planes = np.ascontiguousarray(np.moveaxis(RGB, -1, 0))
    tifffile.imwrite(tmp_path / "a.tif", planes, photometric="rgb", planarconfig="separate")
    np.testing.assert_array_equal(read_tiff_beyond_pillow(tmp_path / "a.tif").samples, RGB)
    tifffile.imwrite(tmp_path / "b.tif", RGB[:, :, 0], photometric="minisblack")
    np.testing.assert_array_equal(read_tiff_beyond_pillow(tmp_path / "b.tif").samples, RGB[:, :, :1])
    tifffile.imwrite(tmp_path / "c.tif", RGB[:, :, 0], photometric="miniswhite")
    np.testing.assert_array_equal(read_tiff_beyond_pillow(tmp_path / "c.tif").samples, 65535 - RGB[:, :, :1])


def test_orientation_and_profile_of_a_tiff_are_found(tmp_path: Path) -> None:
    tifffile.imwrite(
        tmp_path / "a.tif", RGB, photometric="rgb", iccprofile=b"a profile", extratags=[(274, 3, 1, 8, True)]
    )
    image = read_tiff_beyond_pillow(tmp_path / "a.tif")
    assert image is not None
    assert (image.orientation, image.profile) == (8, b"a profile")


def test_palettes_several_pages_and_other_files_are_left_to_others(tmp_path: Path) -> None:
    Image.fromarray(RGB.astype(np.uint8)).quantize(16).save(tmp_path / "a.tif")
    assert read_tiff_beyond_pillow(tmp_path / "a.tif") is None
    tifffile.imwrite(tmp_path / "a.tif", np.stack([RGB.astype(np.uint8)] * 2), photometric="rgb")
    assert read_tiff_beyond_pillow(tmp_path / "a.tif") is None
    Image.new("RGB", (4, 4)).save(tmp_path / "b.tif", "PNG")
    assert read_tiff_beyond_pillow(tmp_path / "b.tif") is None


@pytest.mark.parametrize("dtype", [np.float32, np.uint32, np.int16])
def test_other_samples_are_refused(tmp_path: Path, dtype: type) -> None:
    tifffile.imwrite(tmp_path / "a.tif", RGB.astype(dtype), photometric="rgb")
    with pytest.raises(InputError, match=f"{np.dtype(dtype).name} pixels; a photograph of 8 or 16 bits"):
        read_tiff_beyond_pillow(tmp_path / "a.tif")


def test_sixteen_bit_ink_is_refused(tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "a.tif", np.zeros((4, 5, 4), np.uint16), photometric="separated")
    with pytest.raises(InputError, match="colour model SEPARATED; export it as RGB"):
        read_tiff_beyond_pillow(tmp_path / "a.tif")


@pytest.mark.parametrize("bits", [9, 10, 12, 14, 15])
@pytest.mark.parametrize("photometric", ["rgb", "miniswhite"])
def test_samples_of_fewer_bits_fill_the_range_of_16(tmp_path: Path, bits: int, photometric: str) -> None:
    largest = 2**bits - 1
    codes = np.linspace(0, largest, 48).round().astype(np.uint16).reshape(4, 4, 3)
    codes = codes if photometric == "rgb" else codes[:, :, 0]
    tifffile.imwrite(tmp_path / "a.tif", codes, photometric=photometric, bitspersample=bits)
    image = read_tiff_beyond_pillow(tmp_path / "a.tif")
    assert image is not None
    shown = (codes if photometric == "rgb" else largest - codes[:, :, None]).astype(np.float64)
    np.testing.assert_allclose(image.samples, shown / largest * 65535, atol=0.5)
    assert (image.samples.min(), image.samples.max()) == (
        round(65535 * shown.min() / largest), round(65535 * shown.max() / largest)
    )  # fmt: skip


@pytest.mark.parametrize("compression", ["jpegxl", "png", "jpeg2000", "lerc", "jpegxr", "webp"])
def test_eight_bits_in_compressions_that_pillow_lacks(tmp_path: Path, compression: str) -> None:
    rgb = np.full((32, 48, 3), (200, 120, 40), np.uint8)
    arguments = {"level": 0} if compression == "jpeg2000" else {}
    tifffile.imwrite(
        tmp_path / "a.tif", rgb, photometric="rgb", compression=compression, compressionargs=arguments or None
    )
    image = read_tiff_beyond_pillow(tmp_path / "a.tif")
    assert image is not None
    assert image.samples.dtype == np.uint8
    np.testing.assert_allclose(image.samples.astype(int), rgb.astype(int), atol=4)


def test_eight_bits_of_grey_with_alpha(tmp_path: Path) -> None:
    grey = np.random.default_rng(0).integers(0, 256, (9, 13, 2), dtype=np.uint8)
    tifffile.imwrite(tmp_path / "a.tif", grey, photometric="minisblack", extrasamples=["unassalpha"])
    image = read_tiff_beyond_pillow(tmp_path / "a.tif")
    assert image is not None
    np.testing.assert_array_equal(image.samples, grey)
