import re
import tempfile
import time
from datetime import datetime

import colour
import cv2
import imageio.v3 as iio
import numpy as np
import OpenEXR
import pytest
from PIL import ExifTags, Image

from tests.refusal import refusal_of
from twostage_hdr.imaging.chromaticities import DISPLAY_P3
from twostage_hdr.imaging.colour_profile import rgb_profile
from twostage_hdr.imaging.exif import PictureInfo
from twostage_hdr.imaging.formats import FORMATS, result_format
from twostage_hdr.inference.result_files import (
    Result,
    ResultOptions,
    SpooledRows,
    loss_notes,
    result_files,
    result_paths,
)

WIDTH, HEIGHT = 24, 19


@pytest.fixture
def linear() -> np.ndarray:
    return (np.random.default_rng(1).random((HEIGHT, WIDTH, 3), dtype=np.float32) * 1.2) ** 4 * 4


def _write(directory, linear, formats, *, along=None, **options) -> list[str]:
    result = Result(
        width=WIDTH,
        height=HEIGHT,
        options=ResultOptions(**options),
        uncertainty=lambda top, bottom: linear[top:bottom].max(axis=-1),
        **(along or {}),
    )
    with result_files(directory, "photo", formats, result) as files:
        for top in range(0, HEIGHT, 7):
            files.write_rows(linear[top : top + 7])
    return files.notes


def test_every_format_writes_the_files_it_promises(tmp_path, linear):
    _write(tmp_path, linear, tuple(FORMATS))
    promised = {path.name for path in result_paths(tmp_path, "photo", tuple(FORMATS))}
    assert {path.name for path in tmp_path.iterdir()} == promised
    assert all(path.stat().st_size > 0 for path in tmp_path.iterdir())


def test_uncertainty_is_one_channel_of_stops(tmp_path, linear):
    _write(tmp_path, linear, ["uncertainty"])
    with OpenEXR.File(str(tmp_path / "photo_uncertainty.exr")) as file:
        np.testing.assert_allclose(file.channels()["Y"].pixels, linear.max(axis=-1), rtol=1e-3)
    assert iio.imread(tmp_path / "photo_uncertainty.png").shape == linear.shape


def test_openexr_in_float_is_read_back_exactly_by_openexr_itself(tmp_path, linear):
    _write(tmp_path, linear, ["exr"], half=False)
    with OpenEXR.File(str(tmp_path / "photo.exr")) as file:
        np.testing.assert_array_equal(file.channels()["RGB"].pixels, linear)


def test_the_challenge_pair_divided_by_its_ratio_is_the_encoded_image(tmp_path, linear):
    _write(tmp_path, linear, ["png16"])
    stored = iio.imread(tmp_path / "photo_hdr.png", plugin="opencv", flags=cv2.IMREAD_UNCHANGED)
    ratio = float(np.load(tmp_path / "photo_alignratio.npy"))
    assert stored.dtype == np.uint16
    assert stored.max() == 65535
    np.testing.assert_allclose(stored / ratio, linear ** (1 / 2.24), atol=0.6 / ratio)


def test_a_failure_in_the_middle_leaves_nothing(tmp_path, linear):
    result, formats = Result(width=WIDTH, height=HEIGHT), ["exr", "png16"]
    with (
        pytest.raises(ValueError, match=re.escape(str((2 * HEIGHT, WIDTH, 3)))),
        result_files(tmp_path, "photo", formats, result) as files,
    ):
        files.write_rows(np.concatenate([linear, linear]))
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_format_is_refused_with_the_choices(tmp_path):
    with refusal_of("'bmp'", "exr", "png16"):
        result_paths(tmp_path, "photo", ["bmp"])


def _photograph(folder):
    """A JPEG in Display P3, and what goes along with it."""
    exif = Image.Exif()
    exif[ExifTags.Base.Model] = "Model X"
    pixels = np.random.default_rng(2).integers(0, 256, (HEIGHT, WIDTH, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(folder / "photo.jpg", icc_profile=rgb_profile(DISPLAY_P3), comment=b"a shop's words")
    taken = datetime(2024, 5, 6, 7, 8, 9)
    xmp = (
        b'<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description xmlns:xmp='
        b'"http://ns.adobe.com/xap/1.0/" xmp:Label="Label Y"/></rdf:RDF>'
    )
    info = PictureInfo(exif=exif.tobytes()[6:], xmp=xmp, taken=taken, primaries=DISPLAY_P3)
    return {"source": folder / "photo.jpg", "info": info}


def test_what_a_photograph_says_goes_into_every_format_that_can_hold_it(tmp_path, linear):
    _write(tmp_path, linear, tuple(FORMATS), along=_photograph(tmp_path))
    for name in FORMATS:
        data = result_paths(tmp_path, "photo", [name])[0].read_bytes()
        assert (b"Model X" in data) == result_format(name).metadata, name
        assert (b"Label Y" in data) == result_format(name).metadata, name
    assert b"CAPDATE=2024:05:06" in (tmp_path / "photo.hdr").read_bytes()


def test_without_metadata_nothing_of_it_is_left_but_the_primaries(tmp_path, linear):
    along = _photograph(tmp_path)
    (tmp_path / "results").mkdir()
    _write(tmp_path / "results", linear, tuple(FORMATS), along=along, strip_metadata=True)
    for path in (tmp_path / "results").iterdir():
        data = path.read_bytes()
        for said in (b"Model X", b"Label Y", b"2024:05:06", b"a shop's words"):
            assert said not in data, path
    with OpenEXR.File(str(tmp_path / "results" / "photo.exr")) as file:
        np.testing.assert_allclose(file.header()["chromaticities"], np.ravel(DISPLAY_P3), atol=1e-6)


def test_equal_runs_are_equal_files(tmp_path, linear):
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
        _write(tmp_path / name, linear, tuple(FORMATS))
        time.sleep(1.1)  # dates count seconds
    for path in (tmp_path / "first").iterdir():
        assert path.read_bytes() == (tmp_path / "second" / path.name).read_bytes(), path.name


def test_formats_without_room_for_other_primaries_are_converted(tmp_path, linear):
    _write(tmp_path, linear, ["png16"], along={"info": PictureInfo(primaries=DISPLAY_P3)})
    stored = iio.imread(tmp_path / "photo_hdr.png", plugin="opencv", flags=cv2.IMREAD_UNCHANGED)
    ratio = float(np.load(tmp_path / "photo_alignratio.npy"))
    assert stored.max() == 65535
    expected = colour.RGB_to_RGB(linear, "Display P3", "ITU-R BT.709", chromatic_adaptation_transform=None)
    np.testing.assert_allclose((stored / ratio) ** 2.24, np.maximum(expected, 0), rtol=2e-2, atol=2e-3)


def test_notes_say_what_a_format_changed_or_cannot_hold(tmp_path, linear):
    along = _photograph(tmp_path)
    with Image.open(along["source"]) as image:
        image.save(along["source"])  # without its profile
    assert _write(tmp_path, linear, ["ultrahdr"], along=along) == [
        "ultrahdr: the photograph's JPEG is encoded again, since it has another colour profile"
    ]
    told = loss_notes(["exr", "hdr", "avif", "png"], ResultOptions(white_nits=1000.0), 70_000, along["info"])
    assert told == [
        "above 65504 clipped by OpenEXR of 16-bit floats",
        "above 10 clipped by PQ",
        "hdr cannot say that 1.0 is 1000 cd/m²",
        "hdr cannot hold EXIF and XMP",
    ]


def test_rows_come_back_as_they_were_in_any_band_height():
    image = np.random.default_rng(0).random((37, 5, 3), dtype=np.float32)
    with tempfile.TemporaryFile() as file:
        spool = SpooledRows(file, 5)
        for top in range(0, 37, 10):
            spool.append(image[top : top + 10])
        for step in (1, 8, 100):
            np.testing.assert_array_equal(np.concatenate(list(spool.bands(step))), image)
