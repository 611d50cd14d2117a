import shutil
import subprocess
from datetime import datetime

import pytest
from PIL import ExifTags, Image

from twostage_hdr.imaging.exif_exposure import read_exif_exposure

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
