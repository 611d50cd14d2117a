"""TIFF files as others write them."""

import io
import json
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import colour
import cv2
import numpy as np
import OpenImageIO
import pytest
import tifffile
from PIL import Image, ImageCms

from twostage_hdr.errors import InputError
from twostage_hdr.imaging.atomic import software_tag
from twostage_hdr.imaging.chromaticities import REC709
from twostage_hdr.imaging.colour_profile import rgb_profile
from twostage_hdr.imaging.picture_info import PictureInfo
from twostage_hdr.imaging.result_format import Result
from twostage_hdr.imaging.tiff import TiffRowWriter, read_tiff, write_tiff


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
    with pytest.raises(InputError, match="it must be a number from"):
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
        assert bytes(tags.valueof("InterColorProfile")) == rgb_profile(REC709, gamma)


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
        with TiffRowWriter(
            Result(paths=[tmp_path / f"{name}.tif"], width=23, height=19), alignratio=alignratio
        ) as file:
            for top in range(0, 19, step):
                file.write_rows(noise[top : top + step])
    np.testing.assert_array_equal(tifffile.imread(tmp_path / "rows.tif"), tifffile.imread(tmp_path / "whole.tif"))


@pytest.mark.parametrize("bits", [16, 32])
def test_black_stays_black(tmp_path: Path, bits) -> None:
    write_tiff(tmp_path / "a.tif", np.zeros((3, 4, 3), np.float32), bits=bits)
    assert read_tiff(tmp_path / "a.tif").pixels.max() == 0


def test_little_cms_knows_the_profile_as_rgb() -> None:
    profile = ImageCms.ImageCmsProfile(io.BytesIO(rgb_profile(REC709, 2.24))).profile
    assert profile.xcolor_space.strip() == "RGB"
    # The profile's primaries are adapted to D50; brought back they are Rec. 709's.
    adapted = np.array([profile.red_primary[1], profile.green_primary[1], profile.blue_primary[1]])
    expected = colour.RGB_COLOURSPACES["ITU-R BT.709"].matrix_RGB_to_XYZ.T
    bradford = colour.adaptation.matrix_chromatic_adaptation_VonKries(
        colour.xy_to_XYZ([0.3127, 0.3290]), np.array([0.9642, 1, 0.8249]), transform="Bradford"
    )
    xyz = expected @ bradford.T
    np.testing.assert_allclose(adapted[:, :2], [colour.XYZ_to_xy(row) for row in xyz], atol=1e-3)


@pytest.mark.parametrize("gamma", [1.0, 2.24])
def test_a_colour_managed_viewer_shows_the_light_that_was_meant(gamma: float) -> None:
    codes = np.arange(1, 256, dtype=np.uint8)
    picture = Image.fromarray(np.repeat(codes[None, :, None], 3, axis=2))
    ours = ImageCms.ImageCmsProfile(io.BytesIO(rgb_profile(REC709, gamma)))
    shown = ImageCms.profileToProfile(picture, ours, ImageCms.createProfile("sRGB"))
    expected = colour.models.eotf_inverse_sRGB((codes / 255) ** gamma) * 255
    np.testing.assert_allclose(np.asarray(shown)[0, :, 1], expected, atol=1.01)


def test_tifffile_finds_both_directories_and_the_packet(tmp_path: Path, scene: np.ndarray, info: PictureInfo) -> None:
    write_tiff(tmp_path / "a.tif", scene, info=info)
    with tifffile.TiffFile(tmp_path / "a.tif") as file:
        tags = file.pages.first.tags
        exif, gps = tags.valueof("ExifTag"), tags.valueof("GPSTag")
        assert exif["FNumber"] == (14, 5)
        assert exif["DateTimeOriginal"] == "2024:05:06 07:08:09"
        assert "MakerNote" not in exif  # its offsets would point anywhere
        assert gps["GPSLongitude"] == (11, 1, 15, 1, 0, 1)
        assert bytes(tags.valueof("XMP")) == info.xmp
        assert tags.valueof("DateTime") == "2024:05:06 07:08:09"
        assert (tags.valueof("Make"), tags.valueof("Model")) == ("Maker", "Model X")
        assert tags.valueof("Orientation", default=1) == 1
        np.testing.assert_array_equal(file.asarray(), scene)


@pytest.mark.skipif(shutil.which("exiftool") is None, reason="exiftool is not installed")
def test_exiftool_reads_it_without_an_error(tmp_path: Path, scene: np.ndarray, info: PictureInfo) -> None:
    write_tiff(tmp_path / "a.tif", scene, info=info)
    told = subprocess.run(["exiftool", "-j", "-n", tmp_path / "a.tif"], capture_output=True, text=True, check=True)
    (tags,) = json.loads(told.stdout)
    assert {"Error", "Warning"}.isdisjoint(tags)
    assert (tags["FNumber"], tags["GPSLatitude"], tags["Rating"]) == (2.8, 48.5, 4)
    assert tags["ProfileDescription"] == "Display P3"


@pytest.mark.parametrize("exif", [b"", b"II*\0", b"II*\0\xff\xff\xff\xff", b"no TIFF at all" * 9])
def test_a_damaged_block_leaves_the_picture(tmp_path: Path, scene: np.ndarray, info: PictureInfo, exif: bytes) -> None:
    write_tiff(tmp_path / "a.tif", scene, info=replace(info, exif=exif, primaries=REC709))
    image = read_tiff(tmp_path / "a.tif")
    np.testing.assert_array_equal(image.pixels, scene)


@pytest.mark.parametrize("bits", [16, 32])
def test_wide_colours_are_read_back_in_rec709(tmp_path: Path, noise: np.ndarray, info: PictureInfo, bits: int) -> None:
    write_tiff(tmp_path / "a.tif", noise, bits=bits, info=info)
    image = read_tiff(tmp_path / "a.tif")
    expected = colour.RGB_to_RGB(noise, "Display P3", "ITU-R BT.709", chromatic_adaptation_transform=None)
    np.testing.assert_allclose(image.pixels, np.maximum(expected, 0), rtol=2e-3, atol=5e-3)
    assert image.primaries == "Display P3"
