"""EXIF and XMP in a TIFF, as tifffile and exiftool read them."""

import json
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import tifffile

from twostage_hdr.imaging.picture_info import PictureInfo
from twostage_hdr.imaging.tiff import read_tiff, write_tiff


def test_tifffile_finds_both_directories_and_the_packet(tmp_path: Path, scene: np.ndarray, info: PictureInfo) -> None:
    write_tiff(tmp_path / "a.tif", scene, info=info)
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
    write_tiff(tmp_path / "a.tif", scene, info=info)
    told = subprocess.run(["exiftool", "-j", "-n", tmp_path / "a.tif"], capture_output=True, text=True, check=True)
    (tags,) = json.loads(told.stdout)
    assert {"Error", "Warning"}.isdisjoint(tags)
    assert (tags["FNumber"], tags["GPSLatitude"], tags["Rating"]) == (2.8, 48.5, 4)
    assert tags["ProfileDescription"] == "Display P3"


@pytest.mark.parametrize("exif", [b"", b"II*\0", b"II*\0\xff\xff\xff\xff", b"no TIFF at all" * 9])
def test_a_damaged_block_leaves_the_picture(tmp_path: Path, scene: np.ndarray, info: PictureInfo, exif: bytes) -> None:
    write_tiff(tmp_path / "a.tif", scene, info=replace(info, exif=exif))
    image = read_tiff(tmp_path / "a.tif")
    np.testing.assert_array_equal(image.pixels, scene)
