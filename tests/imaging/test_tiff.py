"""TIFF files as others write them."""

from pathlib import Path

import numpy as np
import pytest
import tifffile

from twostage_hdr.errors import InputError
from twostage_hdr.imaging.tiff import read_tiff


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("order", ["<", ">"])
def test_floats_of_any_width_and_byte_order_are_read(tmp_path: Path, noise: np.ndarray, dtype, order: str) -> None:
    tifffile.imwrite(tmp_path / "a.tif", noise.astype(dtype), photometric="rgb", byteorder=order)
    image = read_tiff(tmp_path / "a.tif")
    np.testing.assert_array_equal(image.pixels, noise.astype(dtype).astype(np.float32))
    assert image.notes == ()


@pytest.mark.parametrize("predictor", [False, True])
def test_planes_apart_and_compressed_are_read(tmp_path: Path, noise: np.ndarray, predictor: bool) -> None:
    planes = np.ascontiguousarray(np.moveaxis(noise, -1, 0))
    tifffile.imwrite(
        tmp_path / "a.tif", planes, photometric="rgb", planarconfig="separate", compression="zlib", predictor=predictor
    )
    np.testing.assert_array_equal(read_tiff(tmp_path / "a.tif").pixels, noise)


def test_grey_becomes_rgb(tmp_path: Path, noise: np.ndarray) -> None:
    tifffile.imwrite(tmp_path / "a.tif", noise[:, :, 0], photometric="minisblack")
    np.testing.assert_array_equal(read_tiff(tmp_path / "a.tif").pixels, np.repeat(noise[:, :, :1], 3, axis=2))


def test_alpha_is_dropped_with_a_word(tmp_path: Path, noise: np.ndarray) -> None:
    four = np.concatenate([noise, noise[:, :, :1]], axis=2)
    tifffile.imwrite(tmp_path / "a.tif", four, photometric="rgb", extrasamples=["unassalpha"])
    image = read_tiff(tmp_path / "a.tif")
    np.testing.assert_array_equal(image.pixels, noise)
    assert image.notes == ("alpha channel dropped",)


def test_orientation_is_applied_with_a_word(tmp_path: Path, noise: np.ndarray) -> None:
    tifffile.imwrite(tmp_path / "a.tif", noise, photometric="rgb", extratags=[(274, 3, 1, 6, True)])
    image = read_tiff(tmp_path / "a.tif")
    np.testing.assert_array_equal(image.pixels, np.rot90(noise, -1))
    assert image.notes == ("rotated by EXIF orientation",)


def test_of_several_pages_the_first_is_read_with_a_word(tmp_path: Path, noise: np.ndarray) -> None:
    tifffile.imwrite(tmp_path / "a.tif", np.stack([noise, 2 * noise]), photometric="rgb")
    image = read_tiff(tmp_path / "a.tif")
    np.testing.assert_array_equal(image.pixels, noise)
    assert image.notes == ("first of 2 pages used",)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_integers_without_a_scale_are_refused(tmp_path: Path, dtype) -> None:
    tifffile.imwrite(tmp_path / "a.tif", np.ones((4, 5, 3), dtype), photometric="rgb")
    with pytest.raises(InputError, match="without a stated scale; HDR TIFF holds float values"):
        read_tiff(tmp_path / "a.tif")


@pytest.mark.parametrize("scale", ["0", "-3", "1e"])
def test_a_scale_that_is_no_positive_number_is_refused(tmp_path: Path, scale: str) -> None:
    tifffile.imwrite(
        tmp_path / "a.tif",
        np.ones((4, 5, 3), np.uint16),
        photometric="rgb",
        description=f"gamma 2.24, alignratio {scale}",
    )
    with pytest.raises(InputError, match="it must be a positive number"):
        read_tiff(tmp_path / "a.tif")


def test_ink_and_volumes_are_refused(tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "a.tif", np.ones((4, 5, 4), np.float32), photometric="separated")
    with pytest.raises(InputError, match="colour model SEPARATED; export it as linear RGB"):
        read_tiff(tmp_path / "a.tif")
    tifffile.imwrite(tmp_path / "b.tif", np.ones((2, 4, 5, 3), np.float32), photometric="rgb", volumetric=True)
    with pytest.raises(InputError, match=r"shape \(2, 4, 5, 3\)"):
        read_tiff(tmp_path / "b.tif")


def test_what_is_no_number_is_refused(tmp_path: Path, noise: np.ndarray) -> None:
    noise[0, 0, 0] = np.nan
    tifffile.imwrite(tmp_path / "a.tif", noise, photometric="rgb")
    with pytest.raises(InputError, match="1 of 1311 values are NaN or infinite"):
        read_tiff(tmp_path / "a.tif")


@pytest.mark.parametrize("share", [0.01, 0.1, 0.5, 0.99])
def test_a_cut_file_is_refused_in_one_line(tmp_path: Path, noise: np.ndarray, share: float) -> None:
    tifffile.imwrite(tmp_path / "a.tif", noise, photometric="rgb")
    data = (tmp_path / "a.tif").read_bytes()
    (tmp_path / "a.tif").write_bytes(data[: int(len(data) * share)])
    with pytest.raises(InputError, match=r"a\.tif: damaged or unreadable TIFF") as caught:
        read_tiff(tmp_path / "a.tif")
    assert "\n" not in str(caught.value)
