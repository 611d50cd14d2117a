"""The gain map's arithmetic, and its binary metadata taken apart field by field."""

import struct

import numpy as np
import pytest

from twostage_hdr.imaging.gain_map import GainMap, apply_gain_map, gain_map, iso_metadata


def pictures(seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    hdr = (random.random((7, 9, 3)) ** 4 * 30).astype(np.float32)
    return hdr, np.minimum(hdr, 1).astype(np.float32)


def test_the_map_gives_the_hdr_picture_back_to_half_a_step() -> None:
    hdr, sdr = pictures()
    gains = gain_map(hdr, sdr)
    step = (gains.maximum - gains.minimum) / 255
    ratio = np.log2((apply_gain_map(sdr, gains) + 1 / 64) / (hdr + 1 / 64))
    assert np.abs(ratio).max() <= step / 2 + 1e-5


def test_the_range_is_that_of_the_log_ratios() -> None:
    hdr, sdr = pictures(1)
    ratios = np.log2((hdr.astype(np.float64) + 1 / 64) / (sdr.astype(np.float64) + 1 / 64))
    gains = gain_map(hdr, sdr)
    assert gains.minimum == pytest.approx(ratios.min(), abs=2e-6)
    assert gains.maximum == pytest.approx(ratios.max(), abs=2e-6)
    assert gains.codes.min() == 0
    assert gains.codes.max() == 255


def test_equal_pictures_need_no_gain() -> None:
    sdr = pictures(2)[1]
    np.testing.assert_allclose(apply_gain_map(sdr, gain_map(sdr, sdr)), sdr, atol=1e-6)


def test_black_everywhere_needs_no_gain() -> None:
    black = np.zeros((4, 4, 3), np.float32)
    assert np.abs(apply_gain_map(black, gain_map(black, black))).max() < 1e-6


def test_the_display_headroom_ends_at_ten_thousand_nits() -> None:
    codes = np.zeros((1, 1, 3), np.uint8)
    assert GainMap(codes=codes, minimum=0.0, maximum=9.0).capacity == pytest.approx(np.log2(10_000 / 203))
    assert GainMap(codes=codes, minimum=0.0, maximum=2.5).capacity == 2.5
    assert GainMap(codes=codes, minimum=-2.0, maximum=-1.0).capacity > 0


def test_the_binary_metadata_holds_seven_fractions_after_version_and_flags() -> None:
    gains = GainMap(codes=np.zeros((1, 1, 3), np.uint8), minimum=-1.25, maximum=4.5)
    data = iso_metadata(gains)
    assert data[:5] == bytes([0, 0, 0, 0, 0x40])  # one channel's numbers, gains in the base's colour space
    numbers = struct.unpack(">" + "iI" * 7, data[5:])
    values = [top / bottom for top, bottom in zip(numbers[::2], numbers[1::2], strict=True)]
    # base and alternate headroom; minimum, maximum, gamma and the two offsets
    assert values == pytest.approx([0, 4.5, -1.25, 4.5, 1, 1 / 64, 1 / 64])
