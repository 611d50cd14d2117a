"""Gain maps against libultrahdr, and against closed forms where it does not know them."""

import shutil
import subprocess
from pathlib import Path

import colour
import imagecodecs
import numpy as np
import pytest
from PIL import Image

from tests.imaging.apple_photographs import MIDDLES, by_apples_formula, write_heic, write_jpeg
from tests.imaging.gain_map_files import (
    adobe_jpeg,
    apple_exif,
    apple_jpeg,
    iso_jpeg,
    iso_metadata,
    libultrahdr_jpeg,
)
from tests.imaging.test_ultra_hdr import METADATA, iso_numbers
from twostage_hdr.imaging.chromaticities import DISPLAY_P3, REC709, REC2020, to_primaries
from twostage_hdr.imaging.embedded_gain_map import heif_gain_map, jpeg_gain_map
from twostage_hdr.imaging.photograph import Photograph, read_photograph
from twostage_hdr.imaging.ultra_hdr import ULTRA_HDR

GREY = np.full((32, 48, 3), 180, np.uint8)
HALF = np.full((16, 24), 128, np.uint8)
LIGHT_OF_GREY = float(colour.models.eotf_sRGB(180 / 255))


def read(path: Path, data: bytes) -> Photograph:
    path.write_bytes(data)
    return read_photograph(path)


def light_of(photograph: Photograph) -> np.ndarray:
    assert photograph.light is not None, photograph.notes
    return np.concatenate(list(photograph.light.bands()))


def closest(path: Path) -> np.ndarray:
    return imagecodecs.ultrahdr_decode(path.read_bytes())[:, :, :3].astype(np.float32)


@pytest.mark.parametrize(("gamut", "shown"), [(0, REC709), (1, DISPLAY_P3), (2, REC2020)])
def test_files_of_libultrahdr_are_what_it_makes_of_them(tmp_path: Path, gamut: int, shown) -> None:
    light = np.geomspace(0.01, 6, 96, dtype=np.float32)[None, :, None].repeat(64, 0).repeat(3, 2)
    light[:32] *= (0.4, 1, 0.8)
    photograph = read(tmp_path / "a.jpg", libultrahdr_jpeg(light, gamut))
    ours = to_primaries(light_of(photograph), photograph.info.primaries, shown)  # it shows its HDR input's primaries
    difference = np.abs(ours / closest(tmp_path / "a.jpg") - 1)
    assert np.median(difference) < 0.005
    assert difference.max() < 0.06


@pytest.mark.parametrize("dialect", ["ISO 21496-1", "Ultra HDR"])
def test_our_own_files_are_what_libultrahdr_makes_of_them(tmp_path: Path, scene: np.ndarray, dialect: str) -> None:
    path = tmp_path / "a.jpg"
    ULTRA_HDR.save(path, scene)
    if dialect == "Ultra HDR":  # the XMP properties alone
        path.write_bytes(path.read_bytes().replace(b"urn:iso:std:iso:ts:21496:-1", b"urn:nothing:that:is:known:1"))
    photograph = read_photograph(path)
    assert photograph.light is not None
    assert photograph.light.kind == f"gain map ({dialect})"
    np.testing.assert_allclose(light_of(photograph), closest(path), rtol=0.01, atol=2e-3)


@pytest.mark.skipif(not METADATA, reason="GAIN_MAP_VECTORS does not name the folder of test vectors")
@pytest.mark.parametrize("path", METADATA, ids=lambda path: path.stem)
def test_the_public_vectors_of_iso_21496_are_what_the_standard_says(tmp_path: Path, path: Path) -> None:
    blob = path.read_bytes()
    minimum, maximum, gamma, base_offset, hdr_offset = iso_numbers(blob)
    codes = np.tile(np.arange(0, 256, 4, dtype=np.uint8)[:, None], (64, 1, len(gamma)))
    photograph = read(tmp_path / "a.jpg", iso_jpeg(np.full((64, 64, 3), 150, np.uint8), codes.squeeze(), blob))
    if blob[4] & 0x04:
        assert photograph.notes == ("damaged or unknown gain map ignored",)
        return
    sdr, share = colour.models.eotf_sRGB(150 / 255), codes.reshape(64, 64, -1) / 255
    expected = (sdr + base_offset) * np.exp2(minimum + (maximum - minimum) * share ** (1 / gamma)) - hdr_offset
    np.testing.assert_allclose(light_of(photograph), np.broadcast_to(np.maximum(expected, 0), (64, 64, 3)), rtol=0.02)


@pytest.mark.parametrize("common", [False, True])
def test_three_channels_of_iso_are_a_closed_form(tmp_path: Path, common: bool) -> None:
    numbers = [(-0.5, 2, 1, 1 / 64, 1 / 64), (0, 3, 2, 0, 0.03125), (1, 1, 1, 0, 0)]
    codes = np.full((16, 24, 3), 128, np.uint8)
    metadata = iso_metadata(numbers, headroom=3, common=common)
    light = light_of(read(tmp_path / "a.jpg", iso_jpeg(GREY, codes, metadata)))
    for channel, (low, high, gamma, base_offset, hdr_offset) in enumerate(numbers):
        gain = 2 ** (low + (high - low) * (128 / 255) ** (1 / gamma))
        expected = (LIGHT_OF_GREY + base_offset) * gain - hdr_offset
        np.testing.assert_allclose(light[:, :, channel], expected, rtol=0.02)


def test_adobes_properties_may_be_elements_of_three_numbers(tmp_path: Path) -> None:
    three = "<rdf:Seq><rdf:li>1.0</rdf:li><rdf:li>2</rdf:li><rdf:li>3e0</rdf:li></rdf:Seq>"
    properties = 'hdrgm:OffsetSDR="0" hdrgm:OffsetHDR = "0" hdrgm:HDRCapacityMax="3">'
    properties += f"<hdrgm:GainMapMax>{three}</hdrgm:GainMapMax>"
    codes = np.full((16, 24, 3), 255, np.uint8)
    photograph = read(tmp_path / "a.jpg", adobe_jpeg(GREY, codes, properties))
    np.testing.assert_allclose(
        light_of(photograph), LIGHT_OF_GREY * np.array([[[2, 4, 8]]]) + np.zeros((32, 48, 3)), rtol=0.02
    )
    assert photograph.light is not None
    np.testing.assert_allclose(photograph.light.peak, [2, 4, 8])


@pytest.mark.parametrize("order", [">", "<"])
@pytest.mark.parametrize(
    ("boost", "gain", "stops"),
    [(0.5, 0.0, 1.8), (0.8, 0.005, 1.7), (0.5, 1, 1.5), (1, 0, 3), (1.2, 0.01, 2.3), (1.2, 1, 2), (1.2, 9, 0)],
)
def test_apples_headroom_is_that_of_its_maker_note(tmp_path: Path, boost, gain, stops: float, order: str) -> None:
    write_jpeg(tmp_path / "a.jpg", tags={33: boost, 48: gain}, order=order)
    photograph = read_photograph(tmp_path / "a.jpg")
    np.testing.assert_allclose(light_of(photograph)[MIDDLES], by_apples_formula(2**stops), rtol=0.03, atol=0.01)
    assert photograph.light is not None
    assert photograph.light.headroom == pytest.approx(stops, abs=1e-4)


def test_a_heic_is_its_base_times_the_gain(tmp_path: Path) -> None:
    pytest.importorskip("pillow_heif")
    write_heic(tmp_path / "a.heic")
    light = light_of(read_photograph(tmp_path / "a.heic"))
    np.testing.assert_allclose(light[MIDDLES], by_apples_formula(8), rtol=0.08, atol=0.02)


@pytest.mark.parametrize("tags", [{}, {33: 1.2}, {48: 0.1}, {33: 1.2, 48: -1.0}])
def test_without_a_possible_headroom_the_base_is_left(tmp_path: Path, tags: dict[int, float]) -> None:
    write_jpeg(tmp_path / "a.jpg", tags=tags)
    photograph = read_photograph(tmp_path / "a.jpg")
    assert photograph.light is None
    assert photograph.notes == ("damaged or unknown gain map ignored",)


def test_the_gain_map_of_the_standard_in_a_heic_is_not_misread_as_apples(tmp_path: Path) -> None:
    pytest.importorskip("pillow_heif")
    write_heic(tmp_path / "a.heic")
    data = (tmp_path / "a.heic").read_bytes()
    photograph = read(tmp_path / "a.heic", data.replace(b"miaf", b"tmap", 1))
    assert (photograph.light, photograph.notes) == (None, ("damaged or unknown gain map ignored",))


@pytest.mark.skipif(shutil.which("exiftool") is None, reason="exiftool is not installed")
def test_exiftool_finds_apples_numbers_where_we_put_them(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(apple_jpeg(GREY, HALF, apple_exif(0.8, 0.005)))
    told = subprocess.run(
        ["exiftool", "-n", "-s3", "-HDRHeadroom", "-HDRGain", tmp_path / "a.jpg"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert [float(number) for number in told.stdout.split()] == [0.8, 0.005]


def test_a_stated_headroom_goes_before_the_maker_note(tmp_path: Path) -> None:
    photograph = read(tmp_path / "a.jpg", apple_jpeg(GREY, HALF, apple_exif(0.8, 0.005), headroom=4.5))
    assert photograph.light is not None
    np.testing.assert_allclose(photograph.light.peak, 4.5)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_map_is_turned_with_its_base(tmp_path: Path, orientation: int) -> None:
    base = np.full((64, 96, 3), 100, np.uint8)
    base[:32, :48] = 200
    codes = np.zeros((16, 24), np.uint8)
    codes[:8, :12] = 255
    light = light_of(
        read(tmp_path / "a.jpg", apple_jpeg(base, codes, apple_exif(0.8, 0.005, orientation), headroom=4.0))
    )
    bright = light > 2
    assert light.shape == ((64, 96, 3) if orientation < 5 else (96, 64, 3))
    assert bright.mean() == pytest.approx(0.25, abs=0.03)
    pixels = read_photograph(tmp_path / "a.jpg").pixels
    assert pixels is not None
    assert (bright == (pixels > 150)).mean() > 0.96


def test_a_band_is_what_the_whole_picture_has_there(tmp_path: Path) -> None:
    codes = np.random.default_rng(0).integers(0, 256, (13, 7, 3), dtype=np.uint8)
    base = np.random.default_rng(1).integers(0, 256, (50, 31, 3), dtype=np.uint8)
    photograph = read(tmp_path / "a.jpg", iso_jpeg(base, codes, iso_metadata([(0, 2, 1, 0, 0)] * 3, headroom=2)))
    assert photograph.light is not None
    whole = photograph.light.rows(0, 50)
    for top, bottom in ((0, 1), (7, 20), (49, 50)):
        np.testing.assert_allclose(photograph.light.rows(top, bottom), whole[top:bottom], rtol=1e-6)


@pytest.mark.parametrize("damage", ["length", "zero", "version", "infinite"])
def test_a_damaged_map_costs_a_word_and_not_the_photograph(tmp_path: Path, damage: str) -> None:
    metadata = iso_metadata([(0, 2, 1, 0, 0)], headroom=2)
    metadata = {
        "length": metadata[:20],
        "zero": metadata[:5] + bytes(len(metadata) - 5),
        "version": b"\0\1" + metadata[2:],
        "infinite": iso_metadata([(0, 2000, 1, 0, 0)], headroom=2),
    }[damage]
    photograph = read(tmp_path / "a.jpg", iso_jpeg(GREY, HALF, metadata))
    assert photograph.light is None
    assert photograph.notes == ("damaged or unknown gain map ignored",)
    assert photograph.pixels is not None
    assert photograph.pixels.shape == GREY.shape


def test_ordinary_photographs_have_none(tmp_path: Path) -> None:
    for name in ("a.jpg", "a.png"):
        Image.fromarray(GREY).save(tmp_path / name)
        assert jpeg_gain_map(tmp_path / name) is None
    heif = pytest.importorskip("pillow_heif")
    heif.from_pillow(Image.fromarray(GREY)).save(tmp_path / "a.heic")
    assert heif_gain_map(tmp_path / "a.heic") is None
