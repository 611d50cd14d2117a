"""Photographs with their gamut and their own light, against colour-science and closed forms."""

import subprocess
import sys
from pathlib import Path

import colour
import imagecodecs
import numpy as np
import OpenImageIO
import pytest
import tifffile
from PIL import Image

from tests.imaging.gain_map_files import apple_exif, apple_jpeg, libultrahdr_jpeg
from tests.imaging.test_hdr_signal import PQ, with_cicp
from twostage_hdr.imaging.chromaticities import ADOBE_RGB, DISPLAY_P3, REC709, REC2020, Chromaticities
from twostage_hdr.imaging.colour_profile import rgb_profile
from twostage_hdr.imaging.ldr import read_ldr
from twostage_hdr.imaging.photograph import Photograph, read_photograph

RED = np.zeros((16, 24, 3), np.uint8) + np.array([255, 0, 0], np.uint8)
CODES = np.random.default_rng(0).integers(0, 256, (16, 24, 3), dtype=np.uint8)


def profile(name: str, gamma: float) -> bytes:
    space = colour.RGB_COLOURSPACES[name]
    primaries = [number for xy in space.primaries for number in (*map(float, xy), 1.0)]
    white = (*map(float, space.whitepoint), 1.0)
    return bytes(imagecodecs.cms_profile("rgb", whitepoint=white, primaries=primaries, gamma=gamma))


def linear(photograph: Photograph) -> np.ndarray:
    assert photograph.pixels is not None
    return colour.models.eotf_sRGB(photograph.pixels / np.iinfo(photograph.pixels.dtype).max)


@pytest.mark.parametrize("suffix", ["png", "jpg", "webp", "tif", "heic"])
@pytest.mark.parametrize("primaries", [DISPLAY_P3, REC2020])
def test_a_saturated_red_of_a_wide_gamut_stays_its_red(tmp_path: Path, suffix: str, primaries: Chromaticities) -> None:
    path, icc = tmp_path / f"a.{suffix}", rgb_profile(primaries)
    if suffix == "heic":
        pytest.importorskip("pillow_heif").from_pillow(Image.fromarray(RED)).save(path, quality=100, icc_profile=icc)
    else:
        Image.fromarray(RED).save(path, quality=100, icc_profile=icc)
    photograph = read_photograph(path)
    assert photograph.info.primaries == primaries
    np.testing.assert_allclose(linear(photograph), np.broadcast_to([1, 0, 0], RED.shape), atol=0.03)
    assert "gamut of" in photograph.notes[0]


def test_codes_with_srgbs_curve_are_not_touched(tmp_path: Path) -> None:
    Image.fromarray(CODES).save(tmp_path / "a.png", icc_profile=rgb_profile(DISPLAY_P3))
    np.testing.assert_array_equal(read_photograph(tmp_path / "a.png").pixels, CODES)
    assert read_photograph(tmp_path / "a.png").notes == ("gamut of Display P3 kept",)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize(
    ("name", "gamma", "primaries"),
    [("Adobe RGB (1998)", 2.19921875, ADOBE_RGB), ("Display P3", 2.2, DISPLAY_P3), ("ITU-R BT.2020", 2.4, REC2020)],
)
def test_other_curves_are_undone_with_sixteen_bits(tmp_path: Path, name, gamma, primaries, dtype: type) -> None:
    codes = CODES if dtype == np.uint8 else CODES.astype(np.uint16) * 257
    tifffile.imwrite(tmp_path / "a.tif", codes, photometric="rgb", iccprofile=profile(name, gamma))
    photograph = read_photograph(tmp_path / "a.tif")
    assert photograph.info.primaries == primaries
    np.testing.assert_allclose(linear(photograph), (CODES / 255) ** gamma, atol=1e-4, rtol=2e-3)


def test_prophoto_becomes_rec2020(tmp_path: Path) -> None:
    codes = np.full((8, 8, 3), (40000, 30000, 20000), np.uint16)
    tifffile.imwrite(tmp_path / "a.tif", codes, photometric="rgb", iccprofile=profile("ProPhoto RGB", 1.8))
    photograph = read_photograph(tmp_path / "a.tif")
    expected = colour.RGB_to_RGB((codes / 65535) ** 1.8, "ProPhoto RGB", "ITU-R BT.2020", "Bradford")
    assert photograph.info.primaries == REC2020
    np.testing.assert_allclose(linear(photograph), expected, atol=3e-4)
    assert photograph.notes == ("converted to Rec. 2020",)


def test_where_there_is_no_profile_colour_codes_count(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(with_cicp(imagecodecs.png_encode(CODES), 12, 13))
    data = imagecodecs.avif_encode(CODES, level=100, pixelformat="yuv444", primaries=12, transfer=13, matrix=0)
    (tmp_path / "a.avif").write_bytes(data)
    for name in ("a.png", "a.avif"):
        photograph = read_photograph(tmp_path / name)
        assert photograph.info.primaries == DISPLAY_P3
        np.testing.assert_array_equal(photograph.pixels, CODES)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize(("code", "primaries"), [(1, REC709), (12, DISPLAY_P3)])
def test_an_ordinary_jpeg_xl_is_a_photograph(tmp_path: Path, code: int, primaries, dtype: type) -> None:
    samples = CODES if dtype == np.uint8 else CODES.astype(np.uint16) * 257
    spec = OpenImageIO.ImageSpec(24, 16, 3, np.dtype(dtype).name)
    spec.attribute("CICP", OpenImageIO.TypeDesc("int[4]"), (code, 13, 0, 1))
    spec.attribute("compression", "jpegxl:100")
    file = OpenImageIO.ImageOutput.create(str(tmp_path / "a.jxl"))
    file.open(str(tmp_path / "a.jxl"), spec)
    file.write_image(samples)
    file.close()
    photograph = read_photograph(tmp_path / "a.jxl")
    np.testing.assert_array_equal(photograph.pixels, samples)
    assert (photograph.info.primaries, photograph.light) == (primaries, None)


def test_a_linear_jpeg_xl_is_encoded(tmp_path: Path) -> None:
    samples = CODES.astype(np.uint16) * 257
    (tmp_path / "a.jxl").write_bytes(imagecodecs.jpegxl_encode(samples, lossless=True))  # of 16 bits it makes linear
    np.testing.assert_allclose(linear(read_photograph(tmp_path / "a.jxl")), samples / 65535, atol=6e-4)


def test_who_asks_for_srgb_gets_srgb(tmp_path: Path) -> None:
    Image.fromarray(CODES).save(tmp_path / "a.png", icc_profile=rgb_profile(DISPLAY_P3))
    image = read_ldr(tmp_path / "a.png")
    assert image.primaries == REC709
    assert image.notes[0].endswith("to sRGB")


def test_of_a_photograph_with_a_gain_map_the_base_is_left_if_that_is_ignored(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(apple_jpeg(RED, np.full((8, 12), 99, np.uint8), apple_exif(0.8, 0.005)))
    told, ignored = (read_photograph(tmp_path / "a.jpg", ignore_gain_map=ignore) for ignore in (False, True))
    assert told.light is not None
    assert ignored.light is None
    np.testing.assert_array_equal(told.pixels, ignored.pixels)
    assert told.info == ignored.info
    assert told.info.taken is not None


def test_of_pq_what_is_below_sdr_white_is_left_if_that_is_ignored(tmp_path: Path) -> None:
    code = np.linspace(0, 65535, 24 * 16 * 3).astype(np.uint16).reshape(16, 24, 3)
    (tmp_path / "a.png").write_bytes(with_cicp(imagecodecs.png_encode(code), 9, PQ))
    ignored = read_photograph(tmp_path / "a.png", ignore_gain_map=True)
    expected = np.minimum(colour.models.eotf_ST2084(code / 65535) / 203, 1)
    assert ignored.light is None
    assert ignored.info.primaries == REC2020
    np.testing.assert_allclose(linear(ignored), expected, atol=1e-4, rtol=2e-3)
    plain = read_photograph(tmp_path / "a.png")
    assert plain.pixels is None
    np.testing.assert_array_equal(plain.sdr(), ignored.pixels)


def test_what_would_clip_at_the_peak_is_the_light_in_its_units(tmp_path: Path) -> None:
    light = np.geomspace(0.01, 6, 96, dtype=np.float32)[None, :, None].repeat(32, 0).repeat(3, 2)
    (tmp_path / "a.jpg").write_bytes(libultrahdr_jpeg(light, 1))
    own = read_photograph(tmp_path / "a.jpg").light
    assert own is not None
    seen = colour.models.eotf_sRGB(own.exposed(own.peak) / 65535)
    np.testing.assert_allclose(seen * own.peak, own.rows(0, 32), rtol=0.02, atol=1e-3)


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/status").is_file(), reason="needs Linux's /proc")
@pytest.mark.parametrize("kind", ["gain map", "PQ"])
def test_a_large_hdr_photograph_takes_its_samples_and_not_its_light(tmp_path: Path, kind: str) -> None:
    side = 4096
    if kind == "PQ":
        path, stored = tmp_path / "a.png", 6
        path.write_bytes(with_cicp(imagecodecs.png_encode(np.full((side, side, 3), 30000, np.uint16)), 9, PQ))
    else:
        path, stored = tmp_path / "a.jpg", 3 + 3 + 4  # base, gains, and what Pillow decodes into
        light = np.full((side, side, 3), 2.0, np.float16)
        path.write_bytes(libultrahdr_jpeg(light, 1))
    script = (
        "import sys; from twostage_hdr.imaging.photograph import read_photograph;"
        "status = lambda: dict(line.split(':') for line in open('/proc/self/status'));"
        "peak = lambda: int(status()['VmHWM'].split()[0]) * 1024;"
        "before = peak(); light = read_photograph(sys.argv[1]).light;"
        "print(sum(len(rows) for rows in light.bands()), peak() - before)"
    )
    done = subprocess.run([sys.executable, "-c", script, str(path)], check=True, capture_output=True, text=True)
    rows, taken = map(int, done.stdout.split())
    assert rows == side
    assert taken < (2 * stored + 4) * side**2  # float32 light alone would be 12 for each pixel
