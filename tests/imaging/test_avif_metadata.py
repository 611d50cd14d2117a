"""EXIF and XMP in an AVIF, as Pillow's libavif, libheif and exiftool read them."""

import json
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import imagecodecs
import numpy as np
import pytest
from PIL import ExifTags, Image, features

from twostage_hdr.imaging.avif import write_avif
from twostage_hdr.imaging.avif_metadata import put_metadata
from twostage_hdr.imaging.picture_info import NO_INFO, PictureInfo


@pytest.mark.skipif(not features.check("avif"), reason="this Pillow has no AVIF")
@pytest.mark.parametrize("only", [None, "exif", "xmp"])
def test_libavif_finds_what_goes_along(tmp_path: Path, scene: np.ndarray, info: PictureInfo, only: str | None) -> None:
    kept = info if only is None else replace(NO_INFO, **{only: getattr(info, only)})
    write_avif(tmp_path / "a.avif", scene, info=kept)
    with Image.open(tmp_path / "a.avif") as image:
        image.load()
        assert image.getexif().get_ifd(ExifTags.IFD.Exif).get(ExifTags.Base.FNumber) == (
            None if only == "xmp" else pytest.approx(2.8)
        )
        assert image.info.get("xmp") == (None if only == "exif" else info.xmp)


def test_the_pixels_are_the_same(scene: np.ndarray, info: PictureInfo) -> None:
    codes = (scene / scene.max() * 1023).astype(np.uint16)
    plain = imagecodecs.avif_encode(codes, level=90, bitspersample=10)
    assert put_metadata(plain, NO_INFO) == plain
    described = put_metadata(plain, info)
    assert len(described) > len(plain) + len(info.exif) + len(info.xmp)
    np.testing.assert_array_equal(imagecodecs.avif_decode(described), imagecodecs.avif_decode(plain))


def test_libheif_finds_both(tmp_path: Path, scene: np.ndarray, info: PictureInfo) -> None:
    pillow_heif = pytest.importorskip("pillow_heif")
    write_avif(tmp_path / "a.avif", scene, info=info)
    found = pillow_heif.open_heif(tmp_path / "a.avif").info
    assert found["xmp"] == info.xmp
    assert b"2024:05:06 07:08:09" in found["exif"]


@pytest.mark.skipif(shutil.which("exiftool") is None, reason="exiftool is not installed")
def test_exiftool_finds_both(tmp_path: Path, scene: np.ndarray, info: PictureInfo) -> None:
    write_avif(tmp_path / "a.avif", scene, info=info)
    told = subprocess.run(["exiftool", "-j", "-n", tmp_path / "a.avif"], capture_output=True, text=True, check=True)
    (tags,) = json.loads(told.stdout)
    assert {"Error", "Warning"}.isdisjoint(tags)
    assert (tags["FNumber"], tags["GPSLatitude"], tags["Rating"]) == (2.8, 48.5, 4)
