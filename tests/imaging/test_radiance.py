"""Radiance pictures as others write them, and every way in which a header can be wrong."""

import shutil
import subprocess
from pathlib import Path

import colour
import cv2
import imagecodecs
import numpy as np
import OpenImageIO
import pytest

from tests.refusal import refusal_of
from twostage_hdr.imaging.atomic import software_tag
from twostage_hdr.imaging.exif import PictureInfo
from twostage_hdr.imaging.radiance import RADIANCE, centre_on_shared_exponent, read_radiance
from twostage_hdr.imaging.result_format import Result

HEAD = b"#?RADIANCE\nFORMAT=32-bit_rle_rgbe\n"


def rgbe(linear: np.ndarray) -> np.ndarray:
    """Radiance's four bytes, mantissas cut off as its own encoder does (Ward 1991)."""
    _, exponent = np.frexp(linear.max(axis=-1))
    mantissas = np.floor(linear * np.exp2(8.0 - exponent)[..., None])
    return np.concatenate([mantissas, (exponent + 128)[..., None]], axis=-1).astype(np.uint8)


def decoded(codes: np.ndarray) -> np.ndarray:
    return codes[..., :3] * np.exp2(codes[..., 3:].astype(float) - 136)


def picture(path: Path, codes: np.ndarray, head: bytes = HEAD, order: bytes | None = None) -> Path:
    """A file of flat (not run-length encoded) scanlines."""
    resolution = order or b"-Y %d +X %d" % codes.shape[:2]
    path.write_bytes(head + b"\n" + resolution + b"\n" + codes.tobytes())
    return path


@pytest.fixture
def codes(noise: np.ndarray) -> np.ndarray:
    return rgbe(noise.astype(np.float64))


def test_flat_scanlines_are_mantissas_times_powers_of_two(tmp_path: Path, codes: np.ndarray) -> None:
    image = read_radiance(picture(tmp_path / "a.hdr", codes))
    np.testing.assert_allclose(image.pixels, decoded(codes), rtol=1e-6)
    assert image.notes == ()
    assert image.primaries == "Rec. 709"


@pytest.mark.parametrize("size", [(3, 4), (40, 64), (1, 1), (5, 300)])
def test_what_opencv_writes_is_read_as_opencv_reads_it(tmp_path: Path, size: tuple[int, int]) -> None:
    linear = np.random.default_rng(0).random((*size, 3), dtype=np.float32) ** 4 * 50
    linear[: size[0] // 2] = 0.25  # runs
    cv2.imwrite(str(tmp_path / "a.hdr"), linear[:, :, ::-1])
    expected = cv2.imread(str(tmp_path / "a.hdr"), cv2.IMREAD_UNCHANGED)[:, :, ::-1]
    np.testing.assert_allclose(read_radiance(tmp_path / "a.hdr").pixels, expected, rtol=1e-6)


@pytest.mark.parametrize(
    ("order", "turn"),
    [
        (b"-Y 19 +X 23", lambda upright: upright),
        (b"+Y 19 +X 23", lambda upright: upright[::-1]),
        (b"-Y 19 -X 23", lambda upright: upright[:, ::-1]),
        (b"+Y 19 -X 23", lambda upright: upright[::-1, ::-1]),
        (b"+X 23 -Y 19", lambda upright: upright.swapaxes(0, 1)),
        (b"-X 23 -Y 19", lambda upright: upright[:, ::-1].swapaxes(0, 1)),
        (b"+X 23 +Y 19", lambda upright: upright[::-1].swapaxes(0, 1)),
        (b"-X 23 +Y 19", lambda upright: upright[::-1, ::-1].swapaxes(0, 1)),
    ],
)
def test_every_scan_order_comes_out_upright(tmp_path: Path, codes: np.ndarray, order: bytes, turn) -> None:
    stored = np.ascontiguousarray(turn(codes))
    image = read_radiance(picture(tmp_path / "a.hdr", stored, order=order))
    np.testing.assert_allclose(image.pixels, decoded(codes), rtol=1e-6)


def test_xyze_is_converted(tmp_path: Path) -> None:
    linear = np.random.default_rng(0).random((6, 7, 3)) + 0.2
    xyz = colour.RGB_to_XYZ(linear, "ITU-R BT.709", chromatic_adaptation_transform=None)
    image = read_radiance(picture(tmp_path / "a.hdr", rgbe(xyz), b"#?RADIANCE\nFORMAT=32-bit_rle_xyze\n"))
    np.testing.assert_allclose(image.pixels, linear, atol=0.05)
    assert image.notes[0] == "converted from CIE XYZ"


def test_stated_primaries_are_converted_and_photoshops_zeros_are_not(tmp_path: Path, codes: np.ndarray) -> None:
    wide = b"PRIMARIES=0.708 0.292 0.170 0.797 0.131 0.046 0.3127 0.3290\n"
    image = read_radiance(picture(tmp_path / "a.hdr", codes, HEAD + wide))
    expected = colour.RGB_to_RGB(decoded(codes), "ITU-R BT.2020", "ITU-R BT.709", chromatic_adaptation_transform=None)
    np.testing.assert_allclose(image.pixels, np.maximum(expected, 0), atol=2e-3)
    assert image.primaries == "Rec. 2020"
    zeros = read_radiance(picture(tmp_path / "b.hdr", codes, HEAD + b"PRIMARIES=0 0 0 0 0 0 0 0\n"))
    assert zeros.primaries == "Rec. 709"


def test_exposures_are_told_and_the_values_kept(tmp_path: Path, codes: np.ndarray) -> None:
    image = read_radiance(picture(tmp_path / "a.hdr", codes, HEAD + b"EXPOSURE=2.0\nEXPOSURE= 3\n"))
    np.testing.assert_allclose(image.pixels, decoded(codes), rtol=1e-6)
    assert image.notes == ("EXPOSURE=6 of the header kept (the scale is relative)",)


def test_comments_and_other_programs_names_do_not_matter(tmp_path: Path, codes: np.ndarray) -> None:
    head = b"#?RGBE\n# made by hand\nVIEW= -vtv\nSOFTWARE=x\nFORMAT=32-bit_rle_rgbe\n"
    np.testing.assert_allclose(
        read_radiance(picture(tmp_path / "a.hdr", codes, head)).pixels, decoded(codes), rtol=1e-6
    )


@pytest.mark.parametrize(
    ("line", "seen"),
    [
        (b"EXPOSURE=abc\n", ("EXPOSURE=", "abc")),
        (b"PRIMARIES=a b\n", ("PRIMARIES=", "b'a'")),
        (b"PRIMARIES=0.3 0.3 0.3 0.3 0.3 0.3 0.3 0.3\n", ("0.3, 0.3, 0.3",)),
        (b"PRIMARIES=0.64 0.33\n", ("(0.64, 0.33)",)),
    ],
)
def test_a_header_line_that_makes_no_sense_is_refused(tmp_path: Path, codes: np.ndarray, line, seen) -> None:
    with refusal_of(tmp_path / "a.hdr", *seen):
        read_radiance(picture(tmp_path / "a.hdr", codes, HEAD + line))


@pytest.mark.parametrize(
    "order", [b"-Y 0 +X 23", b"-Y 99999999 +X 99999999", b"-Y 19 +X 2" + b"3" * 40, b"-Y 30 +X 23"]
)
def test_a_size_that_the_bytes_cannot_hold_is_refused(tmp_path: Path, codes: np.ndarray, order: bytes) -> None:
    with refusal_of(tmp_path / "a.hdr", "Radiance"):
        read_radiance(picture(tmp_path / "a.hdr", codes, order=order))


@pytest.mark.parametrize("content", [b"", b"hello", b"#?RADIANCE\nFORMAT=32-bit_rle_rgbe\n", b"\x89PNG\r\n\x1a\n\n\n"])
def test_what_is_no_radiance_picture_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.hdr").write_bytes(content)
    with refusal_of(tmp_path / "a.hdr"):
        read_radiance(tmp_path / "a.hdr")


@pytest.mark.parametrize("share", [0.1, 0.5, 0.99])
def test_a_cut_file_is_refused_in_one_line(tmp_path: Path, scene: np.ndarray, share: float) -> None:
    cv2.imwrite(str(tmp_path / "a.hdr"), scene)
    data = (tmp_path / "a.hdr").read_bytes()
    (tmp_path / "a.hdr").write_bytes(data[: int(len(data) * share)])
    with refusal_of(tmp_path / "a.hdr", "Radiance"):
        read_radiance(tmp_path / "a.hdr")


@pytest.mark.parametrize("name", ["StinsonBeach.hdr", "nancy_church.hdr", "dikhololo_night_1k.hdr"])
def test_real_files_hold_what_openimageio_and_opencv_find(shared: Path, name: str) -> None:
    path = shared / "hdr" / name
    pixels = read_radiance(path).pixels
    np.testing.assert_array_equal(pixels, OpenImageIO.ImageBuf(str(path)).get_pixels(OpenImageIO.FLOAT)[:, :, :3])
    np.testing.assert_allclose(pixels, cv2.imread(str(path), cv2.IMREAD_UNCHANGED)[:, :, ::-1], rtol=1e-6)


def by_opencv(path: Path) -> np.ndarray:
    return cv2.imread(str(path), cv2.IMREAD_UNCHANGED)[:, :, ::-1]


def half_step(linear: np.ndarray) -> np.ndarray:
    """Half the distance of neighbouring values of a pixel, which its brightest channel sets."""
    return np.exp2(np.ceil(np.log2(linear.max(axis=-1, keepdims=True) * 1.002)) - 9)


def test_every_value_is_within_half_a_step(tmp_path: Path, noise: np.ndarray) -> None:
    RADIANCE.save(tmp_path / "a.hdr", noise)
    assert (np.abs(by_opencv(tmp_path / "a.hdr") - noise) <= half_step(noise) * 1.001).all()


def test_the_picture_does_not_grow_darker_on_average(tmp_path: Path) -> None:
    linear = np.random.default_rng(0).uniform(0.5, 1, (200, 200, 3)).astype(np.float32)
    RADIANCE.save(tmp_path / "a.hdr", linear)
    # Cutting off, as encoders do, would make it 1/512 of the exponent's power darker: 0.26 %.
    assert np.mean(by_opencv(tmp_path / "a.hdr") / linear) == pytest.approx(1, abs=2e-4)


def test_writing_what_was_read_changes_nothing(tmp_path: Path, noise: np.ndarray) -> None:
    RADIANCE.save(tmp_path / "a.hdr", noise)
    first = by_opencv(tmp_path / "a.hdr")
    RADIANCE.save(tmp_path / "b.hdr", np.ascontiguousarray(first))
    np.testing.assert_array_equal(by_opencv(tmp_path / "b.hdr"), first)


def test_three_programs_read_the_same(tmp_path: Path, scene: np.ndarray) -> None:
    RADIANCE.save(tmp_path / "a.hdr", scene)
    expected = by_opencv(tmp_path / "a.hdr")
    np.testing.assert_array_equal(OpenImageIO.ImageBuf(str(tmp_path / "a.hdr")).get_pixels(OpenImageIO.FLOAT), expected)
    np.testing.assert_array_equal(imagecodecs.rgbe_decode((tmp_path / "a.hdr").read_bytes()), expected)


@pytest.mark.skipif(shutil.which("identify") is None, reason="ImageMagick is not installed")
def test_imagemagick_reads_the_same_up_to_white(tmp_path: Path, scene: np.ndarray) -> None:
    RADIANCE.save(tmp_path / "a.hdr", np.minimum(scene, 0.99))
    command = ["convert", tmp_path / "a.hdr", "-set", "colorspace", "sRGB", "-depth", "16", "-endian", "LSB", "rgb:-"]
    told = subprocess.run(command, capture_output=True, check=True).stdout
    pixels = np.frombuffer(told, "<u2").reshape(48, 64, 3) / 65535
    np.testing.assert_allclose(pixels, by_opencv(tmp_path / "a.hdr"), atol=1 / 65535)


@pytest.mark.parametrize("rows", [1, 7, 19])
def test_row_by_row_is_the_same_file_as_whole(tmp_path: Path, noise: np.ndarray, rows: int) -> None:
    RADIANCE.save(tmp_path / "whole.hdr", noise)
    with RADIANCE.open(Result(paths=[tmp_path / "rows.hdr"], width=23, height=19)) as write_rows:
        for top in range(0, 19, rows):
            write_rows(noise[top : top + rows])
    np.testing.assert_array_equal(by_opencv(tmp_path / "rows.hdr"), by_opencv(tmp_path / "whole.hdr"))


@pytest.mark.parametrize("value", [0.0, 1e-35, 1.0, 0.998, 0.9999999, 255.0, 65504.0, 1e9, 1.6e38])
def test_extreme_values_survive(tmp_path: Path, value: float) -> None:
    RADIANCE.save(tmp_path / "a.hdr", np.full((2, 9, 3), value, np.float32))
    np.testing.assert_allclose(by_opencv(tmp_path / "a.hdr"), value, rtol=1 / 256, atol=1e-32)


def test_dim_channels_beside_bright_ones_fall_to_zero_and_not_below() -> None:
    linear = np.array([[[1000.0, 1.0, 0.0]]], np.float32)
    moved = centre_on_shared_exponent(linear)
    assert (moved >= 0).all()
    assert moved[0, 0, 2] < 4  # less than one step of 1000's exponent: an encoder cuts it to 0


def test_the_header_names_program_date_and_primaries(tmp_path: Path, noise: np.ndarray, info: PictureInfo) -> None:
    RADIANCE.save(tmp_path / "a.hdr", noise, info=info)
    header = (tmp_path / "a.hdr").read_bytes().split(b"\n\n")[0].decode().splitlines()
    assert header[0] == "#?RADIANCE"
    assert {f"SOFTWARE={software_tag()}", "CAPDATE=2024:05:06 07:08:09"} < set(header)
    image = read_radiance(tmp_path / "a.hdr")
    assert image.primaries == "Display P3"
    expected = colour.RGB_to_RGB(by_opencv(tmp_path / "a.hdr"), "Display P3", "ITU-R BT.709", None)
    np.testing.assert_allclose(image.pixels, np.maximum(expected, 0), rtol=1e-3, atol=2e-3)


def test_what_says_nothing_is_rec709_without_a_date(tmp_path: Path, noise: np.ndarray) -> None:
    RADIANCE.save(tmp_path / "a.hdr", noise)
    header = (tmp_path / "a.hdr").read_bytes().split(b"\n\n")[0]
    assert b"CAPDATE" not in header
    assert b"PRIMARIES" not in header
