"""Chunks as Pillow and a walk through the file find them."""

import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import ExifTags, Image

from twostage_hdr.imaging.exif import NO_INFO, PictureInfo
from twostage_hdr.imaging.png_chunks import metadata_chunks, put_chunks


def chunks_of(path: Path) -> list[tuple[bytes, bytes]]:
    """Names and bodies in their order, each check sum verified."""
    data, at, found = path.read_bytes(), 8, []
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    while at < len(data):
        (length,) = struct.unpack_from(">I", data, at)
        name, body = data[at + 4 : at + 8], data[at + 8 : at + 8 + length]
        assert struct.unpack_from(">I", data, at + 8 + length)[0] == zlib.crc32(name + body)
        found.append((name, body))
        at += length + 12
    return found


@pytest.fixture
def png(tmp_path: Path) -> Path:
    pixels = np.random.default_rng(0).integers(0, 256, (300, 400, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(tmp_path / "a.png", dpi=(72, 72), icc_profile=b"profile")
    return tmp_path / "a.png"


def test_new_chunks_come_right_after_the_header_instead_of_old_ones(png: Path) -> None:
    before = chunks_of(png)
    put_chunks(png, {b"cICP": b"\x09\x10\0\1", b"pHYs": bytes(9)}, instead_of=[b"iCCP"])
    after = chunks_of(png)
    kept = [chunk for chunk in before if chunk[0] not in (b"pHYs", b"iCCP")]
    assert len(kept) == len(before) - 2
    assert after == [kept[0], (b"cICP", b"\x09\x10\0\1"), (b"pHYs", bytes(9)), *kept[1:]]
    assert [path.name for path in png.parent.iterdir()] == ["a.png"]


def test_pillow_reads_exif_and_xmp(png: Path, info: PictureInfo) -> None:
    with Image.open(png) as image:
        pixels = np.asarray(image)
    put_chunks(png, metadata_chunks(info))
    with Image.open(png) as image:
        np.testing.assert_array_equal(np.asarray(image), pixels)
        exif = image.getexif()
        assert exif[ExifTags.Base.Orientation] == 1
        assert float(exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.FNumber]) == 2.8
        assert image.info["xmp"] == info.xmp
    assert metadata_chunks(NO_INFO) == {}
