"""EXIF blocks of results, read by Pillow, and damaged ones."""

import random
from dataclasses import replace
from datetime import datetime

import pytest
from PIL import ExifTags, Image
from PIL.TiffImagePlugin import IFDRational

from tests.imaging.conftest import exif_block
from twostage_hdr.imaging.exif import NO_INFO, PictureInfo, openexr_attributes, read_block, result_exif


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
