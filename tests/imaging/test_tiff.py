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

from tests.refusal import refusal_of
from twostage_hdr.imaging.atomic import software_tag
from twostage_hdr.imaging.chromaticities import REC709
from twostage_hdr.imaging.colour_profile import rgb_profile
from twostage_hdr.imaging.exif import PictureInfo
from twostage_hdr.imaging.result_format import Result
from twostage_hdr.imaging.tiff import TIFF, read_tiff, read_tiff_beyond_pillow

RGB = np.random.default_rng(0).integers(0, 65536, (9, 13, 3), dtype=np.uint16)


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
def test_integers_are_refused(tmp_path: Path, dtype) -> None:
    tifffile.imwrite(tmp_path / "a.tif", np.ones((4, 5, 3), dtype), photometric="rgb")
    with refusal_of(tmp_path / "a.tif", np.dtype(dtype).name, "float"):
        read_tiff(tmp_path / "a.tif")


def test_ink_and_volumes_are_refused(tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "a.tif", np.ones((4, 5, 4), np.float32), photometric="separated")
    with refusal_of(tmp_path / "a.tif", "SEPARATED", "linear RGB"):
        read_tiff(tmp_path / "a.tif")
    tifffile.imwrite(tmp_path / "b.tif", np.ones((2, 4, 5, 3), np.float32), photometric="rgb", volumetric=True)
    with refusal_of(tmp_path / "b.tif", "(2, 4, 5, 3)"):
        read_tiff(tmp_path / "b.tif")


def test_what_is_no_number_is_refused(tmp_path: Path, noise: np.ndarray) -> None:
    noise[0, 0, 0] = np.nan
    tifffile.imwrite(tmp_path / "a.tif", noise, photometric="rgb")
    with refusal_of(tmp_path / "a.tif", "1 of 1311", "NaN"):
        read_tiff(tmp_path / "a.tif")


@pytest.mark.parametrize("share", [0.01, 0.1, 0.5, 0.99])
def test_a_cut_file_is_refused_in_one_line(tmp_path: Path, noise: np.ndarray, share: float) -> None:
    tifffile.imwrite(tmp_path / "a.tif", noise, photometric="rgb")
    data = (tmp_path / "a.tif").read_bytes()
    (tmp_path / "a.tif").write_bytes(data[: int(len(data) * share)])
    with refusal_of(tmp_path / "a.tif", "TIFF"):
        read_tiff(tmp_path / "a.tif")


def test_floats_are_read_back_exactly_by_three_programs(tmp_path: Path, noise: np.ndarray) -> None:
    path = tmp_path / "a.tif"
    TIFF.save(path, noise)
    np.testing.assert_array_equal(tifffile.imread(path), noise)
    np.testing.assert_array_equal(cv2.imread(str(path), cv2.IMREAD_UNCHANGED)[:, :, ::-1], noise)
    np.testing.assert_array_equal(OpenImageIO.ImageBuf(str(path)).get_pixels(OpenImageIO.FLOAT), noise)


def test_profile_and_program_are_stated(tmp_path: Path, noise: np.ndarray) -> None:
    TIFF.save(tmp_path / "a.tif", noise)
    with tifffile.TiffFile(tmp_path / "a.tif") as file:
        tags = file.pages.first.tags
        assert tags.valueof("Software") == software_tag()
        assert bytes(tags.valueof("InterColorProfile")) == rgb_profile(REC709, 1.0)


@pytest.mark.skipif(shutil.which("identify") is None, reason="ImageMagick is not installed")
def test_imagemagick_opens_it(tmp_path: Path, noise: np.ndarray) -> None:
    TIFF.save(tmp_path / "a.tif", noise)
    told = subprocess.run(
        ["identify", "-format", "%wx%h %z", tmp_path / "a.tif"], capture_output=True, text=True, check=True
    )
    assert told.stdout.startswith("23x19 32")


def test_row_by_row_is_the_same_as_whole(tmp_path: Path, noise: np.ndarray) -> None:
    for name, step in (("whole", 19), ("rows", 4)):
        with TIFF.open(Result(paths=[tmp_path / f"{name}.tif"], width=23, height=19)) as write_rows:
            for top in range(0, 19, step):
                write_rows(noise[top : top + step])
    np.testing.assert_array_equal(tifffile.imread(tmp_path / "rows.tif"), tifffile.imread(tmp_path / "whole.tif"))


def test_black_stays_black(tmp_path: Path) -> None:
    TIFF.save(tmp_path / "a.tif", np.zeros((3, 4, 3), np.float32))
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
    TIFF.save(tmp_path / "a.tif", scene, info=info)
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
    TIFF.save(tmp_path / "a.tif", scene, info=info)
    told = subprocess.run(["exiftool", "-j", "-n", tmp_path / "a.tif"], capture_output=True, text=True, check=True)
    (tags,) = json.loads(told.stdout)
    assert {"Error", "Warning"}.isdisjoint(tags)
    assert (tags["FNumber"], tags["GPSLatitude"], tags["Rating"]) == (2.8, 48.5, 4)
    assert tags["ProfileDescription"] == "Display P3"


@pytest.mark.parametrize("exif", [b"", b"II*\0", b"II*\0\xff\xff\xff\xff", b"no TIFF at all" * 9])
def test_a_damaged_block_leaves_the_picture(tmp_path: Path, scene: np.ndarray, info: PictureInfo, exif: bytes) -> None:
    TIFF.save(tmp_path / "a.tif", scene, info=replace(info, exif=exif, primaries=REC709))
    image = read_tiff(tmp_path / "a.tif")
    np.testing.assert_array_equal(image.pixels, scene)


def test_wide_colours_are_read_back_in_rec709(tmp_path: Path, noise: np.ndarray, info: PictureInfo) -> None:
    TIFF.save(tmp_path / "a.tif", noise, info=info)
    image = read_tiff(tmp_path / "a.tif")
    expected = colour.RGB_to_RGB(noise, "Display P3", "ITU-R BT.709", chromatic_adaptation_transform=None)
    np.testing.assert_allclose(image.pixels, np.maximum(expected, 0), rtol=2e-3, atol=5e-3)
    assert image.primaries == "Display P3"


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


def test_palettes_and_several_pages_are_left_to_others(tmp_path: Path) -> None:
    Image.fromarray(RGB.astype(np.uint8)).quantize(16).save(tmp_path / "a.tif")
    assert read_tiff_beyond_pillow(tmp_path / "a.tif") is None
    tifffile.imwrite(tmp_path / "a.tif", np.stack([RGB.astype(np.uint8)] * 2), photometric="rgb")
    assert read_tiff_beyond_pillow(tmp_path / "a.tif") is None


@pytest.mark.parametrize("dtype", [np.float32, np.uint32, np.int16])
def test_other_samples_are_refused(tmp_path: Path, dtype: type) -> None:
    tifffile.imwrite(tmp_path / "a.tif", RGB.astype(dtype), photometric="rgb")
    with refusal_of(tmp_path / "a.tif", np.dtype(dtype).name, "8 or 16 bits"):
        read_tiff_beyond_pillow(tmp_path / "a.tif")


def test_sixteen_bit_ink_is_refused(tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "a.tif", np.zeros((4, 5, 4), np.uint16), photometric="separated")
    with refusal_of(tmp_path / "a.tif", "16-bit", "SEPARATED", "RGB"):
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
