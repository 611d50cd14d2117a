"""Which photographs can be an Ultra HDR base byte by byte, and what of their bytes that is."""

import io
from pathlib import Path

import imagecodecs
import numpy as np
import pytest
from PIL import Image, ImageCms

from tests.imaging.conftest import exif_block
from tests.imaging.test_jpeg_segments import segments
from twostage_hdr.imaging.chromaticities import DISPLAY_P3, REC709, REC2020
from twostage_hdr.imaging.colour_profile import rgb_profile
from twostage_hdr.imaging.source_jpeg import own_base

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
    base, notes = own_base(path, REC709, SIZE, comments=True)
    assert notes == []
    assert data.endswith(base.jpeg[base.jpeg.index(b"\xff\xdb") :])
    assert [marker for marker, _, _ in segments(base.jpeg) if marker in (0xE1, 0xE2)] == []
    assert b"a shop's" in base.jpeg
    np.testing.assert_array_equal(imagecodecs.jpeg8_decode(base.jpeg), imagecodecs.jpeg8_decode(data))
    bare, _ = own_base(path, REC709, SIZE, comments=False)
    assert b"a shop's" not in bare.jpeg


def test_a_jpeg_in_display_p3_is_a_base_of_results_in_display_p3(tmp_path: Path) -> None:
    path = photograph(tmp_path, icc_profile=rgb_profile(DISPLAY_P3))
    base, _ = own_base(path, DISPLAY_P3, SIZE, comments=True)
    assert base.profile == rgb_profile(DISPLAY_P3)
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
    base, (note,) = own_base(photograph(tmp_path, **options), REC709, SIZE, comments=True)
    assert base is None
    assert why in note


def test_a_profile_of_srgb_says_what_is_meant_anyway(tmp_path: Path) -> None:
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    base, notes = own_base(photograph(tmp_path, icc_profile=srgb), REC709, SIZE, comments=True)
    assert (base.profile, notes) == (srgb, [])


def test_of_other_formats_and_sizes_nothing_is_kept(tmp_path: Path) -> None:
    Image.fromarray(PIXELS).save(tmp_path / "photo.png")
    assert own_base(tmp_path / "photo.png", REC709, SIZE, comments=True) == (None, [])
    assert own_base(photograph(tmp_path), REC709, (48, 64), comments=True)[0] is None


@pytest.mark.parametrize("share", [0.01, 0.2, 0.6, 0.99])
def test_a_jpeg_that_ends_early_is_encoded_again(tmp_path: Path, share: float) -> None:
    path = photograph(tmp_path)
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])
    base, (note,) = own_base(path, REC709, SIZE, comments=True)
    assert base is None
    assert note.startswith("ultrahdr: the photograph's JPEG is encoded again, since it ")


def test_the_bytes_are_a_whole_jpeg_of_pillow(tmp_path: Path) -> None:
    base, _ = own_base(photograph(tmp_path), REC709, SIZE, comments=True)
    with Image.open(io.BytesIO(base.jpeg)) as image:
        image.load()
        assert image.size == SIZE
