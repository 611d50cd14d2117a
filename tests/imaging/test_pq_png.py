"""PQ PNG: what libpng, Pillow and exiftool find in ours, and which PNG is HDR."""

import shutil
import struct
import subprocess
from pathlib import Path

import colour
import imagecodecs
import numpy as np
import OpenImageIO
import pytest
from PIL import Image

from tests.imaging.test_png_chunks import chunks_of
from tests.refusal import refusal_of
from twostage_hdr.imaging.chromaticities import REC2020
from twostage_hdr.imaging.exif import PictureInfo
from twostage_hdr.imaging.hdr import read_hdr
from twostage_hdr.imaging.png_chunks import put_chunks
from twostage_hdr.imaging.pq_png import PNG
from twostage_hdr.imaging.result_format import Result, ResultOptions


def test_the_stored_codes_are_those_of_colour_science(tmp_path: Path, scene: np.ndarray) -> None:
    PNG.save(tmp_path / "a.png", scene)
    stored = imagecodecs.png_decode((tmp_path / "a.png").read_bytes())
    assert stored.dtype == np.uint16
    wide = colour.RGB_to_RGB(scene, "ITU-R BT.709", "ITU-R BT.2020", chromatic_adaptation_transform=None)
    expected = colour.models.eotf_inverse_ST2084(np.maximum(wide, 0) * 200) * 65535
    np.testing.assert_allclose(stored, expected, atol=1.5)


def test_colour_codes_come_before_the_pixels_and_nothing_contradicts_them(tmp_path: Path, scene: np.ndarray) -> None:
    PNG.save(tmp_path / "a.png", scene)
    names = [name for name, _ in chunks_of(tmp_path / "a.png")]
    assert names[:2] == [b"IHDR", b"cICP"]
    assert dict(chunks_of(tmp_path / "a.png"))[b"cICP"] == bytes([9, 16, 0, 1])
    assert {b"sRGB", b"gAMA", b"cHRM", b"iCCP", b"tIME"}.isdisjoint(names)
    source = OpenImageIO.ImageInput.open(str(tmp_path / "a.png"))  # by libpng
    assert source.spec().getattribute("CICP") in (None, (9, 16, 0, 1))  # None: before OpenImageIO 3.1
    source.close()


@pytest.mark.skipif(shutil.which("exiftool") is None, reason="exiftool is not installed")
def test_exiftool_finds_the_codes_and_what_goes_along(tmp_path: Path, scene: np.ndarray, info: PictureInfo) -> None:
    PNG.save(tmp_path / "a.png", scene, info=info)
    asked = ["-ColorPrimaries", "-TransferCharacteristics", "-FNumber", "-DateTimeOriginal", "-Rating", "-Warning"]
    told = subprocess.run(
        ["exiftool", "-s3", "-n", *asked, tmp_path / "a.png"], capture_output=True, text=True, check=True
    )
    assert told.stdout.split("\n")[:5] == ["9", "16", "2.8", "2024:05:06 07:08:09", "4"]


def test_light_levels_are_those_of_the_picture(tmp_path: Path) -> None:
    picture = np.full((20, 10, 3), 0.5, np.float32)
    picture[0, 0] = 30
    PNG.save(tmp_path / "a.png", picture, ResultOptions(white_nits=100.0))
    most, mean = struct.unpack(">II", dict(chunks_of(tmp_path / "a.png"))[b"cLLI"])
    assert most / 10_000 == pytest.approx(3000, rel=1e-3)
    assert mean / 10_000 == pytest.approx((199 * 50 + 3000) / 200, rel=1e-3)


def test_the_light_comes_back_to_16_bits_of_pq(tmp_path: Path, scene: np.ndarray) -> None:
    PNG.save(tmp_path / "a.png", scene, ResultOptions(white_nits=200.0))
    image = read_hdr(tmp_path / "a.png")
    np.testing.assert_allclose(image.pixels, scene, rtol=2e-3, atol=1e-4)
    assert (image.white_nits, image.primaries, image.domain) == (200, "Rec. 2020", "PQ PNG, 16 bits")


def test_pixels_of_bt2020_are_stored_as_they_are(tmp_path: Path) -> None:
    green = np.full((4, 4, 3), (0, 1, 0), np.float32)
    PNG.save(tmp_path / "a.png", green, info=PictureInfo(primaries=REC2020))
    stored = imagecodecs.png_decode((tmp_path / "a.png").read_bytes())[0, 0]
    assert stored[1] == pytest.approx(colour.models.eotf_inverse_ST2084(200) * 65535, abs=1.5)
    assert stored[0] == stored[2] == 0


def test_rows_in_blocks_are_the_same_file(tmp_path: Path, scene: np.ndarray) -> None:
    PNG.save(tmp_path / "a.png", scene)
    with PNG.open(Result(paths=[tmp_path / "b.png"], width=scene.shape[1], height=scene.shape[0])) as write_rows:
        for top in range(0, 48, 20):
            write_rows(scene[top : top + 20])
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()


def test_grey_and_alpha_of_8_bits_are_read(tmp_path: Path) -> None:
    for mode in ("L", "LA", "RGBA"):
        Image.new(mode, (5, 3), 200 if mode == "L" else (200,) * len(mode)).save(tmp_path / "a.png")
        put_chunks(tmp_path / "a.png", {b"cICP": bytes([9, 16, 0, 1])})
        image = read_hdr(tmp_path / "a.png")
        expected = colour.models.eotf_ST2084(200 / 255) / 200
        np.testing.assert_allclose(image.pixels, np.full((3, 5, 3), expected), rtol=1e-3)


def test_hlg_and_other_primaries_are_read_by_their_codes(tmp_path: Path) -> None:
    Image.new("RGB", (4, 4), (0, 191, 0)).save(tmp_path / "a.png")
    put_chunks(tmp_path / "a.png", {b"cICP": bytes([12, 18, 0, 1])})
    image = read_hdr(tmp_path / "a.png")
    assert (image.primaries, image.domain) == ("Display P3", "HLG PNG, 8 bits")
    assert image.pixels[0, 0, 1] > 0.3


def test_a_png_of_other_codes_is_the_challenges_or_none(tmp_path: Path) -> None:
    Image.new("RGB", (4, 4)).save(tmp_path / "a.png")
    put_chunks(tmp_path / "a.png", {b"cICP": bytes([1, 13, 0, 1])})
    with refusal_of(tmp_path / "a.png", "8-bit", "PNG"):
        read_hdr(tmp_path / "a.png")
