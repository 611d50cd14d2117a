"""OpenEXR files as others write them: every trap made by the reference library."""

import shutil
import subprocess
from pathlib import Path

import colour
import numpy as np
import OpenEXR
import OpenImageIO
import pytest

from tests.refusal import refusal_of
from twostage_hdr.imaging.atomic import software_tag
from twostage_hdr.imaging.chromaticities import DISPLAY_P3
from twostage_hdr.imaging.exif import NO_INFO, PictureInfo
from twostage_hdr.imaging.exr import exr_writer, read_exr, read_exr_info, write_exr
from twostage_hdr.imaging.result_format import Result, ResultOptions

Window = tuple[np.ndarray, np.ndarray]


def write(path: Path, channels: dict[str, np.ndarray], **header: object) -> Path:
    standard = {"compression": OpenEXR.ZIP_COMPRESSION, "type": OpenEXR.scanlineimage}
    # The bindings take no views of other arrays' planes.
    with OpenEXR.File({**standard, **header}, {name: plane.copy() for name, plane in channels.items()}) as file:
        file.write(str(path))
    return path


def window(left: int, top: int, right: int, bottom: int) -> Window:
    return np.array([left, top], np.int32), np.array([right, bottom], np.int32)


@pytest.mark.parametrize("dtype", [np.float16, np.float32])
def test_half_and_float_are_read_as_they_are(tmp_path: Path, noise, dtype) -> None:
    image = read_exr(write(tmp_path / "a.exr", {"RGB": noise.astype(dtype)}))
    assert image.pixels.dtype == np.float32
    np.testing.assert_array_equal(image.pixels, noise.astype(dtype).astype(np.float32))
    assert image.notes == ()
    assert ("half" if dtype is np.float16 else "float") in image.domain


def test_alpha_and_further_channels_are_dropped_with_a_word(tmp_path: Path, noise) -> None:
    planes = {name: noise[:, :, place] for place, name in enumerate("RGB")}
    image = read_exr(write(tmp_path / "a.exr", {**planes, "A": noise[:, :, 0], "Z": noise[:, :, 1]}))
    np.testing.assert_array_equal(image.pixels, noise)
    assert image.notes == ("alpha channel dropped",)


def test_luminance_only_becomes_grey(tmp_path: Path, noise) -> None:
    image = read_exr(write(tmp_path / "a.exr", {"Y": noise[:, :, 1]}))
    np.testing.assert_array_equal(image.pixels, np.repeat(noise[:, :, 1:2], 3, axis=2))
    assert image.notes == ("luminance only: grey RGB",)


def test_luminance_and_chroma_become_rgb(tmp_path: Path, scene) -> None:
    picture = scene[8:40] + np.float32(0.01)
    luminance = picture @ np.array([0.2126390, 0.7151687, 0.0721923], np.float32)
    planes = {
        "Y": luminance,
        "RY": picture[:, :, 0] / luminance - 1,
        "BY": picture[:, :, 2] / luminance - 1,
    }
    image = read_exr(write(tmp_path / "a.exr", planes))
    np.testing.assert_allclose(image.pixels, picture, rtol=1e-3, atol=1e-3)
    assert "luminance/chroma converted to RGB" in image.notes


def test_a_named_layer_is_found_and_named(tmp_path: Path, noise) -> None:
    planes = {f"beauty.{name}": noise[:, :, place] for place, name in enumerate("RGB")}
    image = read_exr(write(tmp_path / "a.exr", {**planes, "depth.Z": noise[:, :, 0]}))
    np.testing.assert_array_equal(image.pixels, noise)
    assert image.notes == ("layer 'beauty' used",)


def test_of_several_parts_the_one_with_colour_is_read(tmp_path: Path, noise) -> None:
    parts = [
        OpenEXR.Part({"name": "depth"}, {"Z": noise[:, :, 0].copy()}),
        OpenEXR.Part({"name": "beauty"}, {"RGB": noise}),
    ]
    with OpenEXR.File(parts) as file:
        file.write(str(tmp_path / "a.exr"))
    np.testing.assert_array_equal(read_exr(tmp_path / "a.exr").pixels, noise)


def test_a_data_window_apart_from_the_display_window_keeps_all_pixels(tmp_path: Path, noise) -> None:
    path = write(tmp_path / "a.exr", {"RGB": noise}, dataWindow=window(2, -3, 24, 15), displayWindow=window(0, 0, 9, 9))
    image = read_exr(path)
    np.testing.assert_array_equal(image.pixels, noise)
    assert any("data window" in note for note in image.notes)


def test_stated_primaries_are_converted(tmp_path: Path) -> None:
    rec709 = np.random.default_rng(0).random((4, 5, 3)) + 0.2
    space = colour.RGB_COLOURSPACES["ITU-R BT.2020"]
    wide = colour.RGB_to_RGB(rec709, "ITU-R BT.709", "ITU-R BT.2020", chromatic_adaptation_transform=None)
    stated = (*map(float, np.ravel(space.primaries)), *map(float, space.whitepoint))
    image = read_exr(write(tmp_path / "a.exr", {"RGB": wide.astype(np.float32)}, chromaticities=stated))
    np.testing.assert_allclose(image.pixels, rec709, atol=5e-4)
    assert image.primaries == "Rec. 2020"
    assert image.notes == ("converted from Rec. 2020 to Rec. 709",)


@pytest.mark.parametrize("stated", [(0.0,) * 8, (0.3,) * 8])
def test_primaries_that_span_no_colours_are_refused(tmp_path: Path, noise, stated) -> None:
    with refusal_of("a.exr", "chromaticities", f"{stated[0]:g}, {stated[1]:g}"):
        read_exr(write(tmp_path / "a.exr", {"RGB": noise}, chromaticities=stated))


@pytest.mark.parametrize(("stated", "expected"), [(0.0, None), (-5.0, None), (621.0, 621.0)])
def test_only_a_positive_white_counts(tmp_path: Path, noise, stated, expected) -> None:
    assert read_exr(write(tmp_path / "a.exr", {"RGB": noise}, whiteLuminance=stated)).white_nits == expected


def test_integers_are_refused(tmp_path: Path, noise) -> None:
    with refusal_of("a.exr", "uint32", "half", "float"):
        read_exr(write(tmp_path / "a.exr", {"RGB": noise.astype(np.uint32)}))


def test_a_file_without_colour_is_refused_with_its_channels(tmp_path: Path, noise) -> None:
    with refusal_of("a.exr", "(Z)"):
        read_exr(write(tmp_path / "a.exr", {"Z": noise[:, :, 0]}))


def test_a_deep_image_is_refused(tmp_path: Path) -> None:
    deep = np.empty((2, 3), dtype=object)
    for place in np.ndindex(deep.shape):
        deep[place] = np.ones(2, np.float32)
    path = write(
        tmp_path / "a.exr",
        {"R": deep, "G": deep, "B": deep},
        type=OpenEXR.deepscanline,
        compression=OpenEXR.ZIPS_COMPRESSION,
    )
    with refusal_of(path, "deep"):
        read_exr(path)


def test_what_is_no_number_is_refused_with_its_count(tmp_path: Path, noise) -> None:
    noise[3, 4] = np.nan
    with refusal_of("a.exr", "3 of 1311", "NaN"):
        read_exr(write(tmp_path / "a.exr", {"RGB": noise}))


@pytest.mark.parametrize("share", [0.001, 0.05, 0.3, 0.9, 0.99])
def test_a_cut_file_is_refused_as_damaged_in_one_line(tmp_path: Path, noise, share, capfd) -> None:
    data = write(tmp_path / "a.exr", {"RGB": noise}).read_bytes()
    (tmp_path / "cut.exr").write_bytes(data[: int(len(data) * share)])
    with refusal_of(tmp_path / "cut.exr"):
        read_exr(tmp_path / "cut.exr")
    capfd.readouterr()  # the library complains on its own account


def test_a_file_of_another_kind_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.exr").write_text("not an image at all")
    with refusal_of(tmp_path / "a.exr", "OpenEXR"):
        read_exr(tmp_path / "a.exr")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("Adjuster.exr", "default view 'center' of 3 used"),
        ("Carrots.exr", "converted from ACES AP0 to Rec. 709"),
        ("courtyard.exr", "negative values set to 0"),
        ("CandleGlass.exr", "alpha channel dropped"),
    ],
)
def test_the_known_traps_among_real_files_are_told(shared: Path, name: str, words: str) -> None:
    assert any(words in note for note in read_exr(shared / "hdr" / name).notes)


@pytest.mark.parametrize("name", ["Adjuster.exr", "Bonita.exr", "StageEnvLatLong.exr", "interior.exr", "Rec709.exr"])
def test_real_files_hold_what_openimageio_finds_at_full_resolution(shared: Path, name: str) -> None:
    expected = OpenImageIO.ImageBuf(str(shared / "hdr" / name)).get_pixels(OpenImageIO.FLOAT)[:, :, :3]
    np.testing.assert_array_equal(read_exr(shared / "hdr" / name).pixels, np.maximum(expected, 0))


def test_a_real_aces_picture_is_converted_as_colour_science_does(shared: Path) -> None:
    path = shared / "hdr" / "Carrots.exr"
    stored = OpenImageIO.ImageBuf(str(path)).get_pixels(OpenImageIO.FLOAT)[:, :, :3]
    expected = colour.RGB_to_RGB(stored, "ACES2065-1", "ITU-R BT.709", chromatic_adaptation_transform="Bradford")
    np.testing.assert_allclose(read_exr(path).pixels, np.maximum(expected, 0), atol=1e-3)


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
    options = ResultOptions(half=half)
    with exr_writer(Result(paths=[tmp_path / "rows.exr"], width=23, height=19, options=options)) as write_rows:
        for top in range(0, 19, 4):
            write_rows(noise[top : top + 4])
    np.testing.assert_array_equal(by_openexr(tmp_path / "rows.exr")[0], by_openexr(tmp_path / "whole.exr")[0])


def test_black_and_a_single_pixel_are_written(tmp_path: Path) -> None:
    write_exr(tmp_path / "a.exr", np.zeros((1, 1, 3), np.float32))
    assert by_openexr(tmp_path / "a.exr")[0].shape == (1, 1, 3)
    assert read_exr(tmp_path / "a.exr").pixels.max() == 0


def test_the_reference_library_finds_what_the_photograph_says(tmp_path: Path, noise, info: PictureInfo) -> None:
    write_exr(tmp_path / "a.exr", noise, half=False, info=info)
    pixels, header = by_openexr(tmp_path / "a.exr")
    np.testing.assert_array_equal(pixels, noise)
    np.testing.assert_allclose(header["chromaticities"], np.ravel(DISPLAY_P3), atol=1e-6)
    assert header["capDate"] == "2024:05:06 07:08:09"
    assert header["expTime"] == pytest.approx(1 / 250)
    assert (header["aperture"], header["isoSpeed"]) == (pytest.approx(2.8), 400)
    assert (header["latitude"], header["longitude"], header["altitude"]) == (48.5, -11.25, 520)
    assert header["xmp"] == info.xmp.decode()


def test_wide_colours_are_read_back_in_rec709(tmp_path: Path, noise, info: PictureInfo) -> None:
    write_exr(tmp_path / "a.exr", noise, half=False, info=info)
    image = read_exr(tmp_path / "a.exr")
    expected = colour.RGB_to_RGB(noise, "Display P3", "ITU-R BT.709", chromatic_adaptation_transform=None)
    np.testing.assert_allclose(image.pixels, np.maximum(expected, 0), rtol=1e-3, atol=2e-3)
    assert image.primaries == "Display P3"


def test_without_a_date_no_date_is_written(tmp_path: Path, noise) -> None:
    write_exr(tmp_path / "a.exr", noise)
    assert "capDate" not in by_openexr(tmp_path / "a.exr")[1]


def test_date_and_xmp_are_read_back(tmp_path: Path, noise, info: PictureInfo) -> None:
    write_exr(tmp_path / "a.exr", noise, info=info)
    assert read_exr_info(tmp_path / "a.exr") == PictureInfo(taken=info.taken, xmp=info.xmp)
    write_exr(tmp_path / "a.exr", noise)
    assert read_exr_info(tmp_path / "a.exr") == NO_INFO
