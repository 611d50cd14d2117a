"""Ultra HDR as libultrahdr decodes it, and as a normal JPEG everywhere else."""

import io
import json
import os
import shutil
import struct
import subprocess
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import colour
import cv2
import imagecodecs
import numpy as np
import pytest
from PIL import ExifTags, Image, ImageCms

from tests.imaging.conftest import exif_block
from tests.imaging.gain_map_files import libultrahdr_jpeg
from tests.imaging.test_jpeg_segments import segments
from tests.refusal import refusal_of
from twostage_hdr.imaging.chromaticities import DISPLAY_P3, REC709, REC2020
from twostage_hdr.imaging.colour_profile import rgb_profile
from twostage_hdr.imaging.exif import NO_INFO, PictureInfo
from twostage_hdr.imaging.hdr import read_hdr
from twostage_hdr.imaging.photograph_metadata import read_picture_info
from twostage_hdr.imaging.preview import to_srgb8
from twostage_hdr.imaging.result_format import ResultOptions
from twostage_hdr.imaging.ultra_hdr import ULTRA_HDR, jpeg_metadata, own_base

LUMINANCE = np.float32([0.2126, 0.7152, 0.0722])


def by_libultrahdr(path: Path) -> np.ndarray:
    return imagecodecs.ultrahdr_decode(path.read_bytes())[:, :, :3].astype(np.float32)


@pytest.mark.parametrize("quality", [95, 100])
def test_libultrahdr_gives_the_hdr_picture_back(tmp_path: Path, scene: np.ndarray, quality: int) -> None:
    ULTRA_HDR.save(tmp_path / "a.jpg", scene, ResultOptions(quality=quality))
    decoded = by_libultrahdr(tmp_path / "a.jpg")
    bright = scene.mean(axis=-1) > 0.05
    ratio = (decoded[bright] + 1 / 64) / (scene[bright] + 1 / 64)
    assert np.median(np.abs(ratio - 1)) < 0.02
    assert np.percentile(np.abs(ratio - 1), 99) < 0.12
    assert decoded.max() == pytest.approx(scene.max(), rel=0.05)


def test_the_photograph_itself_is_the_base(tmp_path: Path, scene: np.ndarray) -> None:
    base = to_srgb8(scene)
    ULTRA_HDR.save(tmp_path / "a.jpg", scene, ResultOptions(quality=100), base=base)
    with Image.open(tmp_path / "a.jpg") as image:
        shown = np.asarray(image).astype(int)
    assert np.mean(np.abs(shown - base)) < 1
    bright = scene.mean(axis=-1) > 0.05
    decoded = by_libultrahdr(tmp_path / "a.jpg")
    assert np.median(np.abs(decoded[bright] / np.maximum(scene[bright], 1e-3) - 1)) < 0.02


def test_for_pillow_and_opencv_it_is_an_ordinary_srgb_jpeg(tmp_path: Path, scene: np.ndarray) -> None:
    ULTRA_HDR.save(tmp_path / "a.jpg", scene)
    with Image.open(tmp_path / "a.jpg") as image:
        image.load()
        assert (image.format, image.mode, image.size) == ("JPEG", "RGB", (64, 48))
        shown = np.asarray(image)
        profile = ImageCms.ImageCmsProfile(io.BytesIO(image.info["icc_profile"]))
    assert profile.profile.profile_description.startswith("sRGB")
    np.testing.assert_allclose(cv2.imread(str(tmp_path / "a.jpg"))[:, :, ::-1], shown, atol=2)
    assert shown.max() > 200


@pytest.mark.skipif(shutil.which("identify") is None, reason="ImageMagick is not installed")
def test_imagemagick_sees_one_ordinary_jpeg(tmp_path: Path, scene: np.ndarray) -> None:
    ULTRA_HDR.save(tmp_path / "a.jpg", scene)
    told = subprocess.run(
        ["identify", "-format", "%m %wx%h %z\n", tmp_path / "a.jpg"], capture_output=True, text=True, check=True
    )
    assert told.stdout == "JPEG 64x48 8\n"


def test_reading_agrees_with_libultrahdrs_decoding_with_a_white_of_203_nits(tmp_path: Path, scene: np.ndarray) -> None:
    ULTRA_HDR.save(tmp_path / "a.jpg", scene)
    image = read_hdr(tmp_path / "a.jpg")
    np.testing.assert_allclose(image.pixels, np.maximum(by_libultrahdr(tmp_path / "a.jpg"), 0), rtol=0.01, atol=2e-3)
    assert (image.white_nits, image.primaries) == (203, "Rec. 709")


def test_files_of_libultrahdrs_own_encoder_are_read(tmp_path: Path) -> None:
    linear = np.geomspace(0.01, 4, 64 * 48, dtype=np.float32).reshape(48, 64)
    rgba = np.ones((48, 64, 4), np.float16)
    rgba[:, :, :3] = linear[:, :, None]
    (tmp_path / "a.jpg").write_bytes(imagecodecs.ultrahdr_encode(rgba, level=98))
    image = read_hdr(tmp_path / "a.jpg")
    ratio = image.pixels[:, :, 1] / linear
    # Its encoder may choose another white; the ratios of luminances are what it has to keep.
    ratio /= np.median(ratio)
    assert np.percentile(np.abs(ratio - 1), 95) < 0.1


def test_libultrahdr_ends_at_ten_thousand_nits_and_the_file_does_not(tmp_path: Path) -> None:
    bright = np.full((16, 16, 3), 200.0, np.float32)
    bright[:, :8] = 0.5
    ULTRA_HDR.save(tmp_path / "a.jpg", bright)
    assert by_libultrahdr(tmp_path / "a.jpg").max() == pytest.approx(10_000 / 203, rel=0.02)
    assert read_hdr(tmp_path / "a.jpg").pixels.max() == pytest.approx(200, rel=0.02)


@pytest.mark.parametrize("value", [0.0, 0.5, 1.0])
def test_flat_pictures_without_highlights_come_back(tmp_path: Path, value: float) -> None:
    ULTRA_HDR.save(tmp_path / "a.jpg", np.full((16, 16, 3), value, np.float32))
    np.testing.assert_allclose(read_hdr(tmp_path / "a.jpg").pixels, value, atol=0.02)


def test_a_single_pixel_and_odd_sizes_are_written(tmp_path: Path) -> None:
    for size in ((1, 1), (9, 13), (8, 17)):
        ULTRA_HDR.save(tmp_path / "a.jpg", np.full((*size, 3), 2.0, np.float32))
        with Image.open(tmp_path / "a.jpg") as image:
            assert image.size == size[::-1]


def test_a_base_in_display_p3_is_converted(tmp_path: Path) -> None:
    light, info = np.full((16, 16, 3), (0.8, 0.3, 0.1), np.float32), PictureInfo(primaries=DISPLAY_P3)
    ULTRA_HDR.save(tmp_path / "a.jpg", light, ResultOptions(quality=100), info=info)
    image = read_hdr(tmp_path / "a.jpg")
    assert image.primaries == "Display P3"
    expected = colour.RGB_to_RGB([0.8, 0.3, 0.1], "Display P3", "sRGB", chromatic_adaptation_transform=None)
    np.testing.assert_allclose(image.pixels.mean(axis=(0, 1)), np.maximum(expected, 0), atol=0.02)


@pytest.mark.parametrize(("gamut", "name"), [(0, "Rec. 709"), (1, "Display P3"), (2, "Rec. 2020")])
def test_of_libultrahdrs_files_the_hdr_picture_has_its_own_colours(tmp_path: Path, gamut: int, name: str) -> None:
    (tmp_path / "a.jpg").write_bytes(libultrahdr_jpeg(np.full((64, 64, 3), (0.8, 0.4, 0.2), np.float32), gamut))
    image = read_hdr(tmp_path / "a.jpg")
    space = {"Rec. 709": "ITU-R BT.709", "Rec. 2020": "ITU-R BT.2020"}.get(name, name)
    expected = colour.RGB_to_RGB([0.8, 0.4, 0.2], space, "sRGB", chromatic_adaptation_transform=None)
    np.testing.assert_allclose(image.pixels.mean(axis=(0, 1)), np.maximum(expected, 0), rtol=0.06, atol=0.01)


def test_an_ordinary_photograph_is_sent_to_reconstruct(tmp_path: Path) -> None:
    Image.new("RGB", (32, 32), (90, 90, 90)).save(tmp_path / "a.jpg")
    with refusal_of(tmp_path / "a.jpg", "Ultra HDR", "reconstruct"):
        read_hdr(tmp_path / "a.jpg")


@pytest.mark.parametrize("share", [0, 0.001, 0.1, 0.5, 0.9, 0.99])
def test_a_cut_file_is_refused_in_one_line(tmp_path: Path, scene: np.ndarray, share: float) -> None:
    ULTRA_HDR.save(tmp_path / "a.jpg", scene)
    data = (tmp_path / "a.jpg").read_bytes()
    (tmp_path / "a.jpg").write_bytes(data[: int(len(data) * share)])
    with refusal_of(tmp_path / "a.jpg"):
        read_hdr(tmp_path / "a.jpg")


@pytest.mark.parametrize("one_channel", [False, True])
@pytest.mark.parametrize(("size", "shrink"), [("full", 1), ("half", 2), ("quarter", 4)])
def test_smaller_gain_maps_are_read_by_libultrahdr_too(
    tmp_path: Path, scene: np.ndarray, size: str, shrink: int, one_channel: bool
) -> None:
    odd = scene[:47, :63]
    ULTRA_HDR.save(tmp_path / "a.jpg", odd, ResultOptions(gain_map=size, one_channel=one_channel))
    data = (tmp_path / "a.jpg").read_bytes()
    with Image.open(io.BytesIO(data[data.rindex(b"\xff\xd8\xff") :])) as stored:
        assert stored.size == (-(-63 // shrink), -(-47 // shrink))
        assert stored.mode == ("L" if one_channel else "RGB")
    decoded, expected = (picture @ LUMINANCE for picture in (by_libultrahdr(tmp_path / "a.jpg"), odd))
    bright = expected > 0.1
    tolerance = 0.03 * shrink  # the scene rises by a fifth of a stop from one pixel to the next
    assert np.median(np.abs(decoded[bright] / expected[bright] - 1)) < tolerance
    if not one_channel:
        ratio = by_libultrahdr(tmp_path / "a.jpg")[bright] / odd[bright]
        assert np.median(np.abs(ratio - 1)) < tolerance


def test_one_gain_for_all_channels_keeps_the_colours_of_the_base(tmp_path: Path) -> None:
    base = np.full((16, 16, 3), (200, 100, 50), np.uint8)
    light = np.full((16, 16, 3), (5.0, 5.0, 5.0), np.float32)
    ULTRA_HDR.save(tmp_path / "a.jpg", light, ResultOptions(one_channel=True, quality=100), base=base)
    red, green, blue = by_libultrahdr(tmp_path / "a.jpg").mean(axis=(0, 1))
    assert red * LUMINANCE[0] + green * LUMINANCE[1] + blue * LUMINANCE[2] == pytest.approx(5, rel=0.03)
    assert red > 3 * green > 3 * blue


def test_the_photographs_own_bytes_are_the_base(tmp_path: Path, scene: np.ndarray) -> None:
    base = to_srgb8(scene)
    Image.fromarray(base).save(tmp_path / "photo.jpg", quality=80)
    with Image.open(tmp_path / "photo.jpg") as image:
        shown = np.asarray(image)
    notes = ULTRA_HDR.save(tmp_path / "a.jpg", scene, base=shown, source=tmp_path / "photo.jpg")
    assert notes == []
    own = (tmp_path / "photo.jpg").read_bytes()
    assert own[own.index(b"\xff\xdb") :] in (tmp_path / "a.jpg").read_bytes()
    with Image.open(tmp_path / "a.jpg") as image:
        np.testing.assert_array_equal(np.asarray(image), shown)
    bright = scene.mean(axis=-1) > 0.05
    assert np.median(np.abs(by_libultrahdr(tmp_path / "a.jpg")[bright] / np.maximum(scene[bright], 1e-3) - 1)) < 0.02


def test_a_turned_photograph_is_encoded_again_and_told(tmp_path: Path, scene: np.ndarray) -> None:
    turned = Image.fromarray(to_srgb8(scene))
    turned.save(tmp_path / "photo.jpg", exif=b"Exif\0\0" + exif_block(6))
    (note,) = ULTRA_HDR.save(tmp_path / "a.jpg", scene, source=tmp_path / "photo.jpg")
    assert "encoded again, since it is turned" in note


def test_pixels_in_display_p3_get_a_base_in_display_p3(tmp_path: Path, info: PictureInfo) -> None:
    light = np.full((16, 16, 3), (2.0, 0.1, 0.05), np.float32)
    ULTRA_HDR.save(tmp_path / "a.jpg", light, ResultOptions(quality=100), info=info)
    np.testing.assert_allclose(by_libultrahdr(tmp_path / "a.jpg").mean(axis=(0, 1)), (2, 0.1, 0.05), rtol=0.05)
    with Image.open(tmp_path / "a.jpg") as image:
        profile = ImageCms.ImageCmsProfile(io.BytesIO(image.info["icc_profile"])).profile
    assert profile.profile_description == "Display P3"
    image = read_hdr(tmp_path / "a.jpg")
    expected = colour.RGB_to_RGB(light[0, 0], "Display P3", "sRGB", chromatic_adaptation_transform=None)
    np.testing.assert_allclose(image.pixels.mean(axis=(0, 1)), np.maximum(expected, 0), rtol=0.05, atol=0.01)


def test_pixels_in_rec2020_are_brought_to_display_p3(tmp_path: Path) -> None:
    light = np.full((16, 16, 3), (1.0, 0.5, 0.2), np.float32)
    base = np.full((16, 16, 3), (200, 180, 120), np.uint8)
    ULTRA_HDR.save(
        tmp_path / "a.jpg", light, ResultOptions(quality=100), base=base, info=PictureInfo(primaries=REC2020)
    )
    for found, wide in (
        (by_libultrahdr(tmp_path / "a.jpg").mean(axis=(0, 1)), light[0, 0]),
        (colour.models.eotf_sRGB(cv2.imread(str(tmp_path / "a.jpg"))[0, 0, ::-1] / 255), (200, 180, 120)),
    ):
        linear = wide if wide[0] <= 1 else colour.models.eotf_sRGB(np.array(wide) / 255)
        expected = colour.RGB_to_RGB(linear, "ITU-R BT.2020", "Display P3", chromatic_adaptation_transform=None)
        np.testing.assert_allclose(found, expected, rtol=0.03)


def test_exif_and_xmp_go_along_beside_the_container(tmp_path: Path, scene: np.ndarray, info: PictureInfo) -> None:
    ULTRA_HDR.save(tmp_path / "a.jpg", scene, info=info)
    with Image.open(tmp_path / "a.jpg") as image:
        exif = image.getexif()
        assert exif[ExifTags.Base.Orientation] == 1
        assert float(exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.FNumber]) == 2.8
        assert b'Rating="4"' in image.info["xmp"]
        assert b'Item:Semantic="GainMap"' in image.info["xmp"]
    assert read_hdr(tmp_path / "a.jpg").pixels.shape == scene.shape  # its EXIF says upright


@pytest.mark.skipif(shutil.which("exiftool") is None, reason="exiftool is not installed")
def test_exiftool_finds_both(tmp_path: Path, scene: np.ndarray, info: PictureInfo) -> None:
    ULTRA_HDR.save(tmp_path / "a.jpg", scene, info=info)
    told = subprocess.run(["exiftool", "-j", "-n", tmp_path / "a.jpg"], capture_output=True, text=True, check=True)
    (tags,) = json.loads(told.stdout)
    assert {"Error", "Warning"}.isdisjoint(tags)
    assert (tags["FNumber"], tags["GPSLatitude"], tags["Rating"]) == (2.8, 48.5, 4)
    assert tags["ProfileDescription"] == "Display P3"


OF_AN_ULTRA_HDR_PHOTOGRAPH = (
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    b'<rdf:Description rdf:about="" xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmlns:dc="http://purl.org/dc/elements/1.1/"'
    b' xmlns:hdrgm="http://ns.adobe.com/hdr-gain-map/1.0/"'
    b' xmlns:Container="http://ns.google.com/photos/1.0/container/" xmp:Rating="5" hdrgm:Version="1.0">'
    b"<Container:Directory><rdf:Seq><rdf:li/></rdf:Seq></Container:Directory>"
    b"<dc:title>K\xc3\xbcste</dc:title></rdf:Description></rdf:RDF></x:xmpmeta>"
)


def test_exif_is_upright_and_xmp_keeps_its_properties(info: PictureInfo) -> None:
    exif, descriptions, notes = jpeg_metadata(info)
    assert exif is not None
    assert len(exif) == len(info.exif)
    (description,) = ElementTree.fromstring(f"<all>{descriptions}</all>")
    assert description.attrib["{http://ns.adobe.com/xap/1.0/}Rating"] == "4"
    assert notes == []
    assert jpeg_metadata(NO_INFO) == (None, "", [])


def test_another_files_gain_map_is_left_out(tmp_path: Path) -> None:
    Image.new("RGB", (8, 8)).save(tmp_path / "a.jpg", xmp=OF_AN_ULTRA_HDR_PHOTOGRAPH)
    _, found, _ = jpeg_metadata(read_picture_info(tmp_path / "a.jpg")[0])
    assert "hdr-gain-map" not in found
    assert "container" not in found
    (description,) = ElementTree.fromstring(f"<all>{found}</all>")
    assert description.attrib["{http://ns.adobe.com/xap/1.0/}Rating"] == "5"
    assert description.findtext("{http://purl.org/dc/elements/1.1/}title") == "Küste"


def test_what_does_not_fit_is_told(info: PictureInfo) -> None:
    large = info.xmp.replace(b'xmp:Rating="4"', b'xmp:Label="' + b"x" * 70_000 + b'"')
    exif, descriptions, notes = jpeg_metadata(replace(info, exif=info.exif + bytes(70_000), xmp=large))
    assert (exif, descriptions) == (None, "")
    assert [note.split(" left out")[0] for note in notes] == ["EXIF", "XMP"]


@pytest.mark.parametrize("xmp", [b"", b"<x", b"\xff\xfe\x00", b"<a>&b;</a>"])
def test_damaged_xmp_is_told(xmp: bytes) -> None:
    assert jpeg_metadata(PictureInfo(xmp=xmp)) == (None, "", ["damaged XMP left out of the JPEG"])


VECTORS = os.environ.get("GAIN_MAP_VECTORS")
"""The folder `test-vectors` of github.com/imazen/gainmap-spec-status, which has no licence to be copied here."""
METADATA = sorted(Path(VECTORS).glob("sources/*_jpeg.bin")) if VECTORS else []


def iso_numbers(blob: bytes) -> np.ndarray:
    """Minimum, maximum, gamma and the offsets of base and HDR picture, of each channel (ISO 21496-1, annex C)."""
    flags = blob[4]
    channels = 3 if flags & 0x80 else 1
    if flags & 0x08:
        common, *numerators = struct.unpack_from(">III" + "iiIii" * channels, blob, 5)
        return (np.array(numerators) / common)[2:].reshape(channels, 5).T
    numbers = struct.unpack_from(">" + "I" * 4 + "iIiIIIiIiI" * channels, blob, 5)
    return (np.array(numbers[::2]) / np.array(numbers[1::2]))[2:].reshape(channels, 5).T


@pytest.mark.skipif(not VECTORS, reason="GAIN_MAP_VECTORS does not name the folder of test vectors")
def test_the_public_pictures_are_read_or_refused_in_one_line() -> None:
    folder = Path(str(VECTORS)) / "jpeg"
    assert read_hdr(folder / "gain_mapped-text-sphinx_01.jpg").pixels.max() > 2
    for name in ("minimal_1x1_jpeg.jpg", "truncated_ultrahdr.jpg"):
        with refusal_of(folder / name):
            read_hdr(folder / name)


PIXELS = np.random.default_rng(0).integers(0, 256, (48, 64, 3), dtype=np.uint8)
SIZE = (64, 48)


def photograph(folder: Path, mode: str = "RGB", **options: object) -> Path:
    Image.fromarray(PIXELS).convert(mode).save(folder / "photo.jpg", **options)
    return folder / "photo.jpg"


@pytest.mark.parametrize("progressive", [False, True])
def test_the_coded_picture_is_the_photographs_own(tmp_path: Path, progressive: bool) -> None:
    path = photograph(
        tmp_path, progressive=progressive, exif=b"Exif\0\0" + exif_block(1), comment=b"a shop's", quality=85
    )
    data = path.read_bytes()
    (tmp_path / "photo.jpg").write_bytes(data + b"\xff\xd8 a second picture \xff\xd9")
    base, _, notes = own_base(path, REC709, SIZE, comments=True)
    assert notes == []
    assert data.endswith(base[base.index(b"\xff\xdb") :])
    assert [marker for marker, _, _ in segments(base) if marker in (0xE1, 0xE2)] == []
    assert b"a shop's" in base
    np.testing.assert_array_equal(imagecodecs.jpeg8_decode(base), imagecodecs.jpeg8_decode(data))
    bare, _, _ = own_base(path, REC709, SIZE, comments=False)
    assert b"a shop's" not in bare


def test_a_jpeg_in_display_p3_is_a_base_of_results_in_display_p3(tmp_path: Path) -> None:
    path = photograph(tmp_path, icc_profile=rgb_profile(DISPLAY_P3))
    _, profile, _ = own_base(path, DISPLAY_P3, SIZE, comments=True)
    assert profile == rgb_profile(DISPLAY_P3)
    assert own_base(path, REC709, SIZE, comments=True)[0] is None


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"exif": b"Exif\0\0" + exif_block(6)}, "turned by its EXIF orientation"),
        ({"mode": "CMYK"}, "not RGB"),
        ({"mode": "L"}, "not RGB"),
        ({"icc_profile": rgb_profile(REC2020)}, "another colour profile"),
        ({"icc_profile": rgb_profile(REC709, 2.2)}, "another colour profile"),
        ({"icc_profile": b"damaged"}, "another colour profile"),
    ],
)
def test_other_jpegs_are_encoded_again_which_is_told(tmp_path: Path, options: dict, why: str) -> None:
    base, _, (note,) = own_base(photograph(tmp_path, **options), REC709, SIZE, comments=True)
    assert base is None
    assert why in note


def test_a_profile_of_srgb_says_what_is_meant_anyway(tmp_path: Path) -> None:
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    _, profile, notes = own_base(photograph(tmp_path, icc_profile=srgb), REC709, SIZE, comments=True)
    assert (profile, notes) == (srgb, [])


def test_of_other_formats_and_sizes_nothing_is_kept(tmp_path: Path) -> None:
    Image.fromarray(PIXELS).save(tmp_path / "photo.png")
    assert own_base(tmp_path / "photo.png", REC709, SIZE, comments=True) == (None, None, [])
    assert own_base(photograph(tmp_path), REC709, (48, 64), comments=True)[0] is None


@pytest.mark.parametrize("share", [0.01, 0.2, 0.6, 0.99])
def test_a_jpeg_that_ends_early_is_encoded_again(tmp_path: Path, share: float) -> None:
    path = photograph(tmp_path)
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])
    base, _, (note,) = own_base(path, REC709, SIZE, comments=True)
    assert base is None
    assert note.startswith("ultrahdr: the photograph's JPEG is encoded again, since it ")


def test_the_bytes_are_a_whole_jpeg_of_pillow(tmp_path: Path) -> None:
    base, _, _ = own_base(photograph(tmp_path), REC709, SIZE, comments=True)
    with Image.open(io.BytesIO(base)) as image:
        image.load()
        assert image.size == SIZE
