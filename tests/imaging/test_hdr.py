"""One door for every HDR format; the real files, each compared with another program."""

import csv
from collections.abc import Callable
from pathlib import Path

import numpy as np
import OpenImageIO
import pytest

from tests.refusal import refusal_of
from twostage_hdr.imaging.avif import AVIF
from twostage_hdr.imaging.challenge_png import write_challenge_pair
from twostage_hdr.imaging.exr import write_exr
from twostage_hdr.imaging.hdr import HDR_READERS, read_hdr
from twostage_hdr.imaging.jpegxl import JPEG_XL
from twostage_hdr.imaging.radiance import RADIANCE
from twostage_hdr.imaging.result_format import ResultOptions
from twostage_hdr.imaging.tiff import TIFF
from twostage_hdr.imaging.ultra_hdr import ULTRA_HDR


def write_pair(path: Path, linear: np.ndarray) -> None:
    write_challenge_pair(path, path.with_name(f"{path.stem}_alignratio.npy"), linear ** np.float32(1 / 2.24))


def write_pic(path: Path, linear: np.ndarray) -> None:
    RADIANCE.save(path.with_suffix(".hdr"), linear)
    path.with_suffix(".hdr").rename(path)


WRITERS: dict[str, tuple[Callable[[Path, np.ndarray], object], float]] = {
    ".exr": (write_exr, 1e-3),
    ".hdr": (RADIANCE.save, 4e-3),
    ".pic": (write_pic, 4e-3),
    ".tif": (TIFF.save, 1e-6),
    ".tiff": (TIFF.save, 1e-6),
    ".png": (write_pair, 5e-3),
    ".jpg": (lambda path, linear: ULTRA_HDR.save(path, linear, ResultOptions(quality=100)), 0.03),
    ".jpeg": (lambda path, linear: ULTRA_HDR.save(path, linear, ResultOptions(quality=100)), 0.03),
    ".avif": (lambda path, linear: AVIF.save(path, linear, ResultOptions(quality=100)), 0.02),
    ".jxl": (lambda path, linear: JPEG_XL.save(path, linear, ResultOptions(quality=100)), 2e-3),
}
"""A writer for each suffix that is read, and the error that its precision allows on bright greys."""


def test_every_suffix_that_is_read_has_a_round_trip_here() -> None:
    assert WRITERS.keys() == HDR_READERS.keys()


@pytest.mark.parametrize("suffix", WRITERS)
@pytest.mark.parametrize("upper", [False, True], ids=["lower", "UPPER"])
def test_every_format_comes_back_as_light(tmp_path: Path, scene: np.ndarray, suffix: str, upper: bool) -> None:
    write, tolerance = WRITERS[suffix]
    write(tmp_path / f"a{suffix}", scene)
    path = tmp_path / f"a{suffix.upper() if upper else suffix}"
    if upper:
        (tmp_path / f"a{suffix}").rename(path)
    image = read_hdr(path)
    assert image.pixels.dtype == np.float32
    assert image.pixels.flags.c_contiguous
    assert image.pixels.min() >= 0
    bright = scene.mean(axis=-1) > 0.05
    error = np.abs(image.pixels.mean(axis=-1)[bright] / scene.mean(axis=-1)[bright] - 1)
    assert np.median(error) <= tolerance


@pytest.mark.parametrize("suffix", HDR_READERS)
@pytest.mark.parametrize("content", [b"", b"neither one nor the other", bytes(4096)], ids=["empty", "text", "zeros"])
def test_what_is_no_image_is_refused_in_one_line(tmp_path: Path, suffix: str, content: bytes, capfd) -> None:
    path = tmp_path / f"a{suffix}"
    path.write_bytes(content)
    if suffix == ".png":
        np.save(tmp_path / "a_alignratio.npy", 1000.0)
    with refusal_of(path):
        read_hdr(path)
    capfd.readouterr()


@pytest.mark.parametrize("name", ["a.webp", "a", "a.txt"])
def test_an_unknown_suffix_is_refused_with_those_that_are_known(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"content")
    with refusal_of(tmp_path / name, *HDR_READERS):
        read_hdr(tmp_path / name)


def test_a_missing_file_and_a_folder_are_named(tmp_path: Path) -> None:
    with refusal_of(tmp_path / "a.exr"):
        read_hdr(tmp_path / "a.exr")
    (tmp_path / "b.exr").mkdir()
    with refusal_of(tmp_path / "b.exr", "folder"):
        read_hdr(tmp_path / "b.exr")


def test_a_png_without_its_scale_is_refused_by_the_scales_name(tmp_path: Path, scene: np.ndarray) -> None:
    write_pair(tmp_path / "a.png", scene)
    (tmp_path / "a_alignratio.npy").unlink()
    with refusal_of(tmp_path / "a_alignratio.npy", "numpy.save"):
        read_hdr(tmp_path / "a.png")


@pytest.mark.slow
def test_every_real_file_is_read_and_holds_what_openimageio_finds(shared: Path) -> None:
    with (shared / "hdr" / "manifest.csv").open(encoding="utf-8") as table:
        rows = list(csv.DictReader(table))
    for row in rows:
        path = shared / "hdr" / row["file"]
        image = read_hdr(path)
        assert image.pixels.shape == (int(row["height"]), int(row["width"]), 3), path.name
        assert np.isfinite(image.pixels).all()
        assert image.pixels.min() >= 0
        assert image.pixels.max() > 0
        # OpenImageIO has no reading for luminance-chroma images.
        if image.primaries == "Rec. 709" and "chroma" not in row["note"]:
            stored = OpenImageIO.ImageBuf(str(path)).get_pixels(OpenImageIO.FLOAT)[:, :, :3]
            np.testing.assert_array_equal(image.pixels, np.maximum(stored, 0), err_msg=path.name)
