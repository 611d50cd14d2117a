"""EXIF blocks of results, read by Pillow, and damaged ones; exposures as exiftool reads them."""

import random
import shutil
import subprocess
from dataclasses import replace
from datetime import datetime

import pytest
from PIL import ExifTags, Image
from PIL.TiffImagePlugin import IFDRational

from tests.imaging.conftest import exif_block
from twostage_hdr.imaging.exif import (
    NO_INFO,
    PictureInfo,
    openexr_attributes,
    read_block,
    read_exif_exposure,
    result_exif,
)


def by_pillow(exif: bytes) -> Image.Exif:
    block = Image.Exif()
    block.load(exif)
    return block


@pytest.mark.parametrize("orientation", range(2, 9))
def test_a_result_is_upright_and_all_else_stays_byte_by_byte(orientation: int) -> None:
    exif = exif_block(orientation)
    upright = result_exif(PictureInfo(exif=exif))
    assert by_pillow(upright)[ExifTags.Base.Orientation] == 1
    assert len(upright) == len(exif)
    assert sum(before != after for before, after in zip(exif, upright, strict=True)) == 1


def test_of_a_turned_picture_the_thumbnail_is_disconnected() -> None:
    block = by_pillow(exif_block())
    exif = block.tobytes().removeprefix(b"Exif\0\0")
    at = int.from_bytes(exif[4:8], "big")
    count = int.from_bytes(exif[at : at + 2], "big")
    linked = exif[: at + 2 + 12 * count] + (len(exif)).to_bytes(4, "big") + exif[at + 6 + 12 * count :]
    upright = result_exif(PictureInfo(exif=linked))
    assert upright[at + 2 + 12 * count :][:4] == bytes(4)


def test_a_date_alone_becomes_a_block() -> None:
    block = by_pillow(result_exif(PictureInfo(taken=datetime(2024, 5, 6, 7, 8, 9))))
    assert block[ExifTags.Base.DateTime] == "2024:05:06 07:08:09"
    assert block.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.DateTimeOriginal] == "2024:05:06 07:08:09"
    assert result_exif(NO_INFO) is None


def test_openexrs_standard_attributes_in_their_units(info: PictureInfo) -> None:
    attributes = openexr_attributes(info)
    assert attributes.pop("xmp") == info.xmp.decode()
    assert attributes == {
        **{"expTime": 1 / 250, "aperture": 2.8, "isoSpeed": 400, "nominalFocalLength": 35, "utcOffset": -7200},
        **{"latitude": 48.5, "longitude": -11.25, "altitude": 520},
        **{"cameraMake": "Maker", "cameraModel": "Model X", "lensModel": "Lens 35", "owner": "(c) me"},
    }
    assert openexr_attributes(NO_INFO) == {}


def test_what_a_camera_does_not_know_is_left_out() -> None:
    block = by_pillow(exif_block())
    block.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.OffsetTimeOriginal] = "   :  "
    nothing = (IFDRational(0, 0),) * 3
    block.get_ifd(ExifTags.IFD.GPSInfo)[ExifTags.GPS.GPSLatitude] = nothing
    told = openexr_attributes(PictureInfo(exif=block.tobytes().removeprefix(b"Exif\0\0")))
    assert {"utcOffset", "latitude"}.isdisjoint(told)
    assert told["longitude"] == -11.25


@pytest.mark.parametrize("seed", range(60))
def test_damaged_blocks_are_as_good_as_none_and_stop_nothing(seed: int, info: PictureInfo) -> None:
    chance = random.Random(seed)
    exif = bytearray(info.exif[: chance.randrange(len(info.exif))] if seed % 3 else info.exif)
    for _ in range(chance.randrange(20)):
        if exif:
            exif[chance.randrange(len(exif))] = chance.randrange(256)
    damaged = replace(info, exif=bytes(exif))
    assert len(result_exif(damaged)) == len(exif)
    openexr_attributes(damaged)
    read_block(damaged.exif)


TAGS = ExifTags.Base


def _write(path, **entries):
    exif = Image.Exif()
    photo = exif.get_ifd(ExifTags.IFD.Exif)
    for name, value in entries.items():
        (exif if name in ("Make", "Model", "DateTime") else photo)[TAGS[name]] = value
    Image.new("RGB", (6, 4)).save(path, exif=exif)
    return path


@pytest.mark.parametrize(
    ("seconds", "iso", "f_number", "stops"),
    [(1.0, 100, 1.0, 0.0), (0.25, 100, 1.0, -2.0), (1.0, 400, 1.0, 2.0), (1.0, 100, 2.0, -2.0), (8.0, 200, 8.0, -2.0)],
)
def test_stops_are_time_times_sensitivity_over_the_aperture_squared(tmp_path, seconds, iso, f_number, stops):
    path = _write(tmp_path / "a.jpg", ExposureTime=seconds, ISOSpeedRatings=iso, FNumber=f_number)
    assert read_exif_exposure(path).stops == pytest.approx(stops)


def test_what_a_camera_writes_is_read(tmp_path):
    path = _write(
        tmp_path / "a.jpg",
        Make="Maker",
        Model="Model 1\0",
        DateTimeOriginal="2021:06:19 12:34:56",
        SubsecTimeOriginal="25",
        ExposureMode=2,
        ExposureTime=0.01,
    )
    read = read_exif_exposure(path)
    assert read.taken == datetime(2021, 6, 19, 12, 34, 56, 250000)
    assert (read.camera, read.bracketed, read.size) == ("Maker Model 1", True, (6, 4))
    assert (read.iso, read.f_number) == (None, None)


def test_a_lens_without_contacts_counts_as_one_aperture(tmp_path):
    frames = [_write(tmp_path / f"{t}.jpg", ExposureTime=t, ISOSpeedRatings=100, FNumber=0.0) for t in (0.5, 2.0)]
    dark, bright = (read_exif_exposure(path).stops for path in frames)
    assert bright - dark == pytest.approx(2)


@pytest.mark.parametrize("damage", ["none", "text", "empty"])
def test_where_nothing_is_known_nothing_is_said(tmp_path, damage):
    path = tmp_path / "a.jpg"
    if damage == "none":
        Image.new("RGB", (6, 4)).save(path)
    else:
        path.write_bytes(b"text" if damage == "text" else b"")
    read = read_exif_exposure(path)
    assert read.stops is None
    assert read.taken is None


def test_a_nonsensical_time_is_no_time(tmp_path):
    path = _write(tmp_path / "a.jpg", DateTimeOriginal="0000:00:00 00:00:00", ExposureTime=0.0)
    assert read_exif_exposure(path).taken is None
    assert read_exif_exposure(path).stops is None


@pytest.mark.skipif(shutil.which("exiftool") is None, reason="exiftool is not installed")
def test_exiftool_reads_the_same(tmp_path):
    path = _write(tmp_path / "a.jpg", ExposureTime=0.125, FNumber=8.0)
    said = subprocess.run(["exiftool", "-n", "-s3", "-ExposureTime", path], capture_output=True, text=True, check=True)
    assert float(said.stdout) == read_exif_exposure(path).seconds
