"""PNG as Pillow and a walk through the file find it: chunks, sixteen bits that stay so, other colours than sRGB."""

import io
import struct
import zlib
from pathlib import Path

import cv2
import imagecodecs
import numpy as np
import pytest
import torch
from PIL import ExifTags, Image

from twostage_hdr.imaging.exif import NO_INFO, PictureInfo
from twostage_hdr.imaging.png_chunks import from_gamma, metadata_chunks, put_chunks, read_png_header, read_png_samples
from twostage_hdr.radiometry.srgb import srgb_decode


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


RGB = np.random.default_rng(0).integers(0, 65536, (9, 13, 3), dtype=np.uint16)


def exif(orientation: int) -> bytes:
    values = Image.Exif()
    values[0x0112] = orientation
    return values.tobytes()


def with_chunk(png: bytes, name: bytes, body: bytes) -> bytes:
    """The PNG with a chunk more after its header."""
    chunk = struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
    return png[:33] + chunk + png[33:]


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_deep_pngs_of_any_colour_type_keep_their_samples(tmp_path: Path, channels: int) -> None:
    samples = np.random.default_rng(channels).integers(0, 65536, (9, 13, channels), dtype=np.uint16)
    stored = samples[:, :, 0].copy() if channels == 1 else samples
    (tmp_path / "a.png").write_bytes(imagecodecs.png_encode(stored))
    assert read_png_header(tmp_path / "a.png").deep
    np.testing.assert_array_equal(read_png_samples(tmp_path / "a.png").samples, samples)


def test_what_opencv_writes_is_read(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "a.png"), RGB[:, :, ::-1])
    np.testing.assert_array_equal(read_png_samples(tmp_path / "a.png").samples, RGB)


def test_orientation_and_profile_of_a_png_are_found(tmp_path: Path) -> None:
    png = imagecodecs.png_encode(RGB)
    png = with_chunk(png, b"eXIf", exif(6).removeprefix(b"Exif\0\0"))
    png = with_chunk(png, b"iCCP", b"name\0\0" + zlib.compress(b"a profile"))
    (tmp_path / "a.png").write_bytes(png)
    image = read_png_samples(tmp_path / "a.png")
    assert image.orientation == 6
    assert image.profile == b"a profile"


@pytest.mark.parametrize("content", [b"", b"\x89PNG\r\n\x1a\n", b"GIF89a" * 10])
def test_other_files_are_no_deep_pngs(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.png").write_bytes(content)
    assert not read_png_header(tmp_path / "a.png").deep
    png = io.BytesIO()
    Image.new("RGB", (4, 4)).save(png, "PNG")
    (tmp_path / "b.png").write_bytes(png.getvalue())
    assert not read_png_header(tmp_path / "b.png").deep


def stored(tmp_path: Path, *chunks: tuple[bytes, bytes]) -> Path:
    png = imagecodecs.png_encode(RGB)
    for name, body in chunks:
        png = with_chunk(png, name, body)
    (tmp_path / "a.png").write_bytes(png)
    return tmp_path / "a.png"


@pytest.mark.parametrize(
    ("chunk", "codes"), [(None, (2, 2)), ((1, 13, 0, 1), (1, 13)), ((9, 16, 0, 1), (9, 16)), ((9, 18, 0), (2, 2))]
)
def test_colour_codes_are_those_of_a_whole_chunk(
    tmp_path: Path, chunk: tuple[int, ...] | None, codes: tuple[int, int]
) -> None:
    path = stored(tmp_path, *([] if chunk is None else [(b"cICP", bytes(chunk))]))
    assert read_png_header(path).codes == codes


@pytest.mark.parametrize(
    ("others", "gamma", "told"),
    [([], 1.0, 1.0), ([], 0.45455, None), ([(b"sRGB", b"\0")], 1.0, None), ([(b"iCCP", b"n\0\0")], 1.0, None)],
)
def test_a_gamma_counts_where_nothing_better_is_stated(
    tmp_path: Path, others: list[tuple[bytes, bytes]], gamma: float, told: float | None
) -> None:
    path = stored(tmp_path, (b"gAMA", struct.pack(">I", round(gamma * 1e5))), *others)
    assert read_png_header(path).gamma == told


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_linear_light_becomes_srgb(dtype: type) -> None:
    linear = np.arange(np.iinfo(dtype).max + 1).astype(dtype).reshape(1, -1, 1).repeat(3, 2)
    largest = np.iinfo(dtype).max
    light = srgb_decode(torch.from_numpy(from_gamma(linear, 1.0).astype(np.float64) / largest)).numpy()
    np.testing.assert_allclose(light, linear / largest, atol=2.5 / largest)


@pytest.mark.parametrize("length", [0, 8, 20, 40, 60])
def test_a_png_that_ends_early_says_nothing(tmp_path: Path, length: int) -> None:
    whole = stored(tmp_path).read_bytes()
    (tmp_path / "b.png").write_bytes(whole[:length])
    assert read_png_header(tmp_path / "b.png").codes == (2, 2)
    assert read_png_header(tmp_path / "b.png").gamma is None
