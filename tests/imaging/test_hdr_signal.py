"""PQ and HLG photographs of every container, against the signals that colour-science computes."""

import zlib
from pathlib import Path

import colour
import imagecodecs
import numpy as np
import OpenImageIO
import pytest
from PIL import Image, ImageOps

from tests.refusal import refusal_of
from twostage_hdr.imaging.chromaticities import DISPLAY_P3, REC709, REC2020
from twostage_hdr.imaging.hdr_signal import light_of_codes, read_hdr_signal

PQ, HLG = 16, 18
CODES = np.random.default_rng(0).integers(0, 1024, (24, 40, 3), dtype=np.uint16)


def with_cicp(png: bytes, *codes: int) -> bytes:
    body = b"cICP" + bytes((*codes, 0, 1))
    return png[:33] + b"\0\0\0\4" + body + zlib.crc32(body).to_bytes(4, "big") + png[33:]


def light_of(path: Path) -> np.ndarray:
    signal = read_hdr_signal(path)
    assert signal is not None
    return np.concatenate(list(signal.bands()))


def of_signal(code: np.ndarray, transfer: int) -> np.ndarray:
    """Light by colour-science; 1.0 is 203 cd/m^2."""
    return (colour.models.eotf_ST2084(code) if transfer == PQ else colour.models.eotf_BT2100_HLG(code)) / 203


@pytest.mark.parametrize("transfer", [PQ, HLG])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_a_png_with_cicp_is_the_light_of_its_signal(tmp_path: Path, transfer: int, dtype: type) -> None:
    largest = np.iinfo(dtype).max
    codes = (CODES.astype(np.uint32) * largest // 1023).astype(dtype)
    (tmp_path / "a.png").write_bytes(with_cicp(imagecodecs.png_encode(codes), 9, transfer))
    expected = of_signal(codes / largest, transfer)
    np.testing.assert_allclose(light_of(tmp_path / "a.png"), expected, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize(("code", "primaries"), [(1, REC709), (9, REC2020), (12, DISPLAY_P3)])
@pytest.mark.parametrize("transfer", [PQ, HLG])
def test_an_avif_keeps_ten_bits_and_its_primaries(tmp_path: Path, code: int, primaries, transfer: int) -> None:
    data = imagecodecs.avif_encode(
        CODES, level=100, bitspersample=10, pixelformat="yuv444", primaries=code, transfer=transfer, matrix=0
    )
    (tmp_path / "a.avif").write_bytes(data)
    signal = read_hdr_signal(tmp_path / "a.avif")
    assert signal is not None
    assert (signal.bits, signal.primaries) == (10, primaries)
    assert signal.kind == ("PQ AVIF" if transfer == PQ else "HLG AVIF")
    if transfer == PQ:
        expected = of_signal(imagecodecs.avif_decode(data) / 1023, PQ)
        np.testing.assert_allclose(light_of(tmp_path / "a.avif"), expected, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("transfer", [PQ, HLG])
def test_a_jpeg_xl_is_the_light_of_its_signal(tmp_path: Path, transfer: int) -> None:
    codes = CODES * np.uint16(64)
    spec = OpenImageIO.ImageSpec(40, 24, 3, "uint16")
    spec.attribute("CICP", OpenImageIO.TypeDesc("int[4]"), (9, transfer, 0, 1))
    spec.attribute("compression", "jpegxl:100")
    file = OpenImageIO.ImageOutput.create(str(tmp_path / "a.jxl"))
    file.open(str(tmp_path / "a.jxl"), spec)
    file.write_image(codes)
    file.close()
    np.testing.assert_allclose(light_of(tmp_path / "a.jxl"), of_signal(codes / 65535, transfer), rtol=2e-3, atol=1e-4)


@pytest.mark.parametrize("transfer", [PQ, HLG])
def test_a_heic_keeps_ten_bits(tmp_path: Path, transfer: int) -> None:
    heif = pytest.importorskip("pillow_heif")
    flat = np.full((64, 64, 3), 700, np.uint16)
    file = heif.from_bytes("RGB;16", (64, 64), (flat << 6).tobytes())
    heif.options.SAVE_HDR_TO_12_BIT = False
    file.save(tmp_path / "a.heic", quality=100, chroma=444, color_primaries=9, transfer_characteristics=transfer)
    signal = read_hdr_signal(tmp_path / "a.heic")
    assert signal is not None
    assert (signal.bits, signal.primaries) == (10, REC2020)
    np.testing.assert_allclose(light_of(tmp_path / "a.heic"), of_signal(flat / 1023, transfer), rtol=0.03)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_png_is_turned_as_pillow_turns_it(tmp_path: Path, orientation: int) -> None:
    small = Image.fromarray((CODES >> 2).astype(np.uint8))
    exif = Image.Exif()
    exif[0x0112] = orientation
    small.save(tmp_path / "a.png", exif=exif)
    (tmp_path / "a.png").write_bytes(with_cicp((tmp_path / "a.png").read_bytes(), 9, PQ))
    small.getexif()[0x0112] = orientation
    expected = of_signal(np.asarray(ImageOps.exif_transpose(small)) / 255, PQ)
    np.testing.assert_allclose(light_of(tmp_path / "a.png"), expected, rtol=1e-3, atol=1e-4)


def test_grey_becomes_rgb_and_alpha_is_dropped(tmp_path: Path) -> None:
    for samples in (CODES[:, :, 0].copy(), CODES[:, :, :2].copy(), np.concatenate([CODES, CODES[:, :, :1]], axis=2)):
        (tmp_path / "a.png").write_bytes(with_cicp(imagecodecs.png_encode(samples), 9, PQ))
        light = light_of(tmp_path / "a.png")
        assert light.shape == (24, 40, 3)
        np.testing.assert_allclose(light[:, :, 0], of_signal(CODES[:, :, 0] / 65535, PQ), rtol=1e-3, atol=1e-4)


def test_ordinary_files_are_no_signal(tmp_path: Path) -> None:
    picture = Image.fromarray((CODES >> 2).astype(np.uint8))
    for name in ("a.png", "a.jpg", "a.webp", "a.tif", "a.avif"):
        picture.save(tmp_path / name)
        assert read_hdr_signal(tmp_path / name) is None


def test_unknown_primaries_are_named(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(with_cicp(imagecodecs.png_encode(CODES), 5, PQ))
    with refusal_of(tmp_path / "a.png", "primaries 5", "Display P3", "Rec. 2020"):
        read_hdr_signal(tmp_path / "a.png")


def test_codes_beyond_the_stated_bits_are_the_peak() -> None:
    rows = light_of_codes(np.full((24, 40, 3), 900, np.uint16), 8, PQ, REC2020)
    np.testing.assert_allclose(rows(0, 2), 10_000 / 203, rtol=1e-4)
