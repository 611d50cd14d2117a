import struct
import tracemalloc
import zlib

import numpy as np
import pytest

from tests.refusal import refusal_of
from twostage_hdr.boundary.pixel_limit import allow_megapixels, check_pixels, most_megapixels
from twostage_hdr.imaging.ldr import read_ldr


@pytest.fixture(autouse=True)
def _the_default_again():
    yield
    allow_megapixels(None)


def _png(width: int, height: int, depth: int = 8) -> bytes:
    def chunk(name: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))

    header = struct.pack(">IIBBBBB", width, height, depth, 2, 0, 0, 0)
    rows = zlib.compress(bytes(1000))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


@pytest.mark.parametrize("depth", [8, 16])
@pytest.mark.parametrize("side", [20_000, 60_000, 2**31 - 1])
def test_a_few_bytes_that_claim_a_huge_image_are_refused_before_decoding(tmp_path, side, depth):
    (tmp_path / "a.png").write_bytes(_png(side, side, depth))
    tracemalloc.start()
    with refusal_of(tmp_path / "a.png", f"{side}x{side} px", "--max-megapixels"):
        read_ldr(tmp_path / "a.png")
    assert tracemalloc.get_traced_memory()[1] < 50e6
    tracemalloc.stop()


def test_the_users_limit_counts_instead(tmp_path):
    (tmp_path / "a.png").write_bytes(bytes(100))
    check_pixels(tmp_path / "a.png", 4000, 3000)
    allow_megapixels(11.9)
    with refusal_of(tmp_path / "a.png", "4000x3000 px", "11.9"):
        check_pixels(tmp_path / "a.png", 4000, 3000)
    allow_megapixels(10_000)
    check_pixels(tmp_path / "a.png", 90_000, 90_000)


def test_the_largest_photographs_pass_where_memory_is_enough(tmp_path, monkeypatch):
    monkeypatch.setattr("twostage_hdr.boundary.pixel_limit._free_memory", lambda: 64e9)
    (tmp_path / "a.jpg").write_bytes(bytes(2**20))
    check_pixels(tmp_path / "a.jpg", 25_000, 19_990)
    monkeypatch.setattr("twostage_hdr.boundary.pixel_limit._free_memory", lambda: 1e9)
    with refusal_of(tmp_path / "a.jpg", "25000x19990 px", "62.5"):
        check_pixels(tmp_path / "a.jpg", 25_000, 19_990)


@pytest.mark.parametrize("size", [(0, 5), (5, 0), (-3, 5)])
def test_an_image_without_pixels_is_refused(tmp_path, size):
    with refusal_of(tmp_path / "a.png", f"({size[0]}x{size[1]})"):
        check_pixels(tmp_path / "a.png", *size)


@pytest.mark.parametrize("most", [0.0, -1.0, float("nan")])
def test_a_limit_that_is_no_number_of_pixels_is_refused(most):
    with refusal_of(f"--max-megapixels {most:g}"):
        allow_megapixels(most)


def test_this_machine_reads_ordinary_photographs():
    assert most_megapixels() > 24
    assert np.isfinite(most_megapixels())
