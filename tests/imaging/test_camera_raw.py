import sys
from pathlib import Path

import numpy as np
import pytest
import tifffile

from tests.refusal import refusal_of
from twostage_hdr.imaging.ldr import read_ldr

_XYZ_TO_SRGB = (3.2406, -1.5372, -0.4986, -0.9689, 1.8758, 0.0415, 0.0557, -0.2040, 1.0570)
_LEFT, _RIGHT = (0.2, 0.1, 0.05), (0.18, 0.18, 0.18)


def write_dng(path: Path, orientation: int = 1) -> None:
    """A DNG of a camera that sees linear sRGB through an RGGB mosaic: two patches, saturated above."""
    light = np.empty((64, 96, 3))
    light[:, :48], light[:, 48:], light[:8] = _LEFT, _RIGHT, 1
    stored = np.rint(light * 16383).astype(np.uint16)
    mosaic = stored[:, :, 1].copy()
    mosaic[0::2, 0::2], mosaic[1::2, 1::2] = stored[0::2, 0::2, 0], stored[1::2, 1::2, 2]
    matrix = tuple(number for value in _XYZ_TO_SRGB for number in (round(value * 10000), 10000))
    tags = [
        (33421, "H", 2, (2, 2), True),  # CFARepeatPatternDim
        (33422, "B", 4, bytes([0, 1, 1, 2]), True),  # CFAPattern
        (50706, "B", 4, bytes([1, 4, 0, 0]), True),  # DNGVersion
        (50708, "s", 0, "Synthetic camera", True),  # UniqueCameraModel
        (50714, "H", 1, 0, True),  # BlackLevel
        (50717, "H", 1, 16383, True),  # WhiteLevel
        (50721, "2i", 9, matrix, True),  # ColorMatrix1
        (50728, "2I", 3, (1, 1, 1, 1, 1, 1), True),  # AsShotNeutral
        (50778, "H", 1, 21, True),  # CalibrationIlluminant1: D65
        (274, "H", 1, orientation, True),
    ]
    tifffile.imwrite(path, mosaic, photometric="cfa", planarconfig=1, metadata=None, subfiletype=0, extratags=tags)


def _srgb(light: tuple[float, ...]) -> np.ndarray:
    """IEC 61966-2-1."""
    return (1.055 * np.array(light) ** (1 / 2.4) - 0.055) * 255


def test_raw_is_developed_to_srgb_of_8_bits(tmp_path):
    pytest.importorskip("rawpy")
    write_dng(tmp_path / "a.DNG")
    image = read_ldr(tmp_path / "a.DNG")
    assert image.pixels.dtype == np.uint8
    assert image.pixels.shape == (64, 96, 3)
    np.testing.assert_allclose(image.pixels[32, 20], _srgb(_LEFT), atol=1.5)
    np.testing.assert_allclose(image.pixels[32, 70], _srgb(_RIGHT), atol=1.5)
    assert image.notes == ("developed from camera RAW to 8 bits",)


def test_raw_is_turned_upright(tmp_path):
    pytest.importorskip("rawpy")
    write_dng(tmp_path / "a.dng", orientation=6)  # the top of the picture is the sensor's left
    pixels = read_ldr(tmp_path / "a.dng").pixels
    assert pixels.shape == (96, 64, 3)
    assert pixels[20, 60].min() == 255


def test_damaged_raw_is_named(tmp_path):
    pytest.importorskip("rawpy")
    (tmp_path / "a.nef").write_bytes(b"nothing of the kind")
    with refusal_of(tmp_path / "a.nef", "RAW"):
        read_ldr(tmp_path / "a.nef")


def test_without_rawpy_one_line_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "rawpy", None)
    (tmp_path / "a.cr3").write_bytes(b"x")
    with refusal_of(tmp_path / "a.cr3", "RAW", "pip install rawpy"):
        read_ldr(tmp_path / "a.cr3")
