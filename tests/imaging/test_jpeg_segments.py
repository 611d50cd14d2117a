"""An Ultra HDR file taken apart marker by marker, as the multi-picture and gain-map specifications lay it out."""

import io
import re
import struct
from xml.etree import ElementTree

import imagecodecs
import numpy as np
import pytest
from PIL import Image

from twostage_hdr.imaging.jpeg_segments import OFFSET, GainMap, gain_map, iso_metadata, join_ultra_hdr

GAINS = GainMap(
    codes=np.random.default_rng(0).integers(0, 256, (16, 24, 3), dtype=np.uint8), minimum=-0.5, maximum=3.25
)

PROFILE = b"profile" * 20


def apply_gain_map(sdr: np.ndarray, gains: GainMap) -> np.ndarray:
    """The HDR twin of a linear SDR picture, as a reader with headroom for all of it decodes it."""
    gain = gains.minimum + gains.codes.astype(np.float32) * ((gains.maximum - gains.minimum) / 255)
    return (sdr + np.float32(OFFSET)) * np.exp2(gain) - np.float32(OFFSET)


def jpeg(seed: int, *, jfif: bool = True) -> bytes:
    pixels = np.random.default_rng(seed).integers(0, 256, (16, 24, 3), dtype=np.uint8)
    data = bytes(imagecodecs.jpeg8_encode(pixels))
    if not jfif and data[2:4] == b"\xff\xe0":
        data = data[:2] + data[4 + struct.unpack(">H", data[4:6])[0] :]
    return data


def segments(data: bytes) -> list[tuple[int, int, bytes]]:
    """Marker, position and body of each segment before the scan."""
    found, at = [], 2
    while data[at + 1] != 0xDA:
        length = struct.unpack(">H", data[at + 2 : at + 4])[0]
        found.append((data[at + 1], at, data[at + 4 : at + 2 + length]))
        at += 2 + length
    return found


@pytest.fixture(params=[True, False], ids=["JFIF", "no JFIF"])
def parts(request: pytest.FixtureRequest) -> tuple[bytes, bytes, bytes]:
    base, gain = jpeg(1, jfif=request.param), jpeg(2, jfif=request.param)
    return base, gain, join_ultra_hdr(base, PROFILE, gain, GAINS)


def index_of(data: bytes) -> tuple[int, list[tuple[int, int, int]]]:
    """Where the multi-picture index counts from, and attribute, size and offset of each of its pictures (DC-007)."""
    _, at, body = next(segment for segment in segments(data) if segment[2].startswith(b"MPF\0"))
    header = body[4:]
    assert header[:4] == b"MM\0*"
    first = struct.unpack(">I", header[4:8])[0]
    count = struct.unpack(">H", header[first : first + 2])[0]
    tags = {
        tag: (number, value)
        for tag, _, number, value in struct.iter_unpack(">HHII", header[first + 2 : first + 2 + 12 * count])
    }
    pictures, entries = tags[0xB001][1], tags[0xB002][1]
    assert tags[0xB002][0] == 16 * pictures
    rows = [struct.unpack(">III", header[entries + 16 * i : entries + 16 * i + 12]) for i in range(pictures)]
    return at + 8, rows


def test_the_index_says_where_both_pictures_lie(parts: tuple[bytes, bytes, bytes]) -> None:
    data = parts[2]
    origin, ((attribute, size, offset), (_, gain_size, gain_offset)) = index_of(data)
    assert attribute & 0x00FFFFFF == 0x030000  # baseline primary image
    assert offset == 0
    assert data[size : size + 2] == b"\xff\xd8"
    assert origin + gain_offset == size
    assert size + gain_size == len(data)


def test_both_pictures_decode_as_before(parts: tuple[bytes, bytes, bytes]) -> None:
    base, gain, data = parts
    size = index_of(data)[1][0][1]
    np.testing.assert_array_equal(imagecodecs.jpeg8_decode(data), imagecodecs.jpeg8_decode(base))
    np.testing.assert_array_equal(imagecodecs.jpeg8_decode(data[size:]), imagecodecs.jpeg8_decode(gain))


def test_the_profile_is_the_base_pictures(parts: tuple[bytes, bytes, bytes]) -> None:
    with Image.open(io.BytesIO(parts[2])) as image:
        assert image.info["icc_profile"] == PROFILE


def test_iso_metadata_lie_in_both_pictures(parts: tuple[bytes, bytes, bytes]) -> None:
    data = parts[2]
    size = index_of(data)[1][0][1]
    name = b"urn:iso:std:iso:ts:21496:-1\0"
    (first,) = [body for marker, _, body in segments(data) if marker == 0xE2 and body.startswith(name)]
    (second,) = [body for marker, _, body in segments(data[size:]) if marker == 0xE2 and body.startswith(name)]
    assert first[len(name) :] == bytes(4)  # versions only
    assert second[len(name) :] == iso_metadata(GAINS)


def xmp_of(data: bytes) -> str:
    name = b"http://ns.adobe.com/xap/1.0/\0"
    (packet,) = [body for marker, _, body in segments(data) if marker == 0xE1 and body.startswith(name)]
    text = packet[len(name) :].decode()
    ElementTree.fromstring(text)  # well-formed
    return text


def test_adobes_properties_state_the_gains_range_and_the_container_its_length(parts) -> None:
    data = parts[2]
    _, ((_, size, _), (_, gain_size, _)) = index_of(data)
    properties = dict(re.findall(r'hdrgm:(\w+)="([^"]*)"', xmp_of(data[size:])))
    assert properties["Version"] == "1.0"
    assert float(properties["GainMapMin"]) == pytest.approx(-0.5)
    assert float(properties["GainMapMax"]) == pytest.approx(3.25)
    assert float(properties["HDRCapacityMax"]) == pytest.approx(3.25)
    assert float(properties["OffsetSDR"]) == pytest.approx(1 / 64)
    container = xmp_of(data)
    assert re.findall(r'Item:Semantic="(\w+)"', container) == ["Primary", "GainMap"]
    assert int(re.findall(r'Item:Length="(\d+)"', container)[0]) == gain_size


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
