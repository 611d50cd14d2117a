"""Apple's formula, on files that the test makes: a JPEG of two pictures, a HEIC with an auxiliary one."""

import io
import struct
from pathlib import Path

import colour
import numpy as np
import pytest
from PIL import Image

from twostage_hdr.errors import InputError
from twostage_hdr.imaging.apple_gain_map import headroom, read_apple_gain_map

NAME = b"urn:com:apple:photo:2020:aux:hdrgainmap"
ORIENTATION, EXIF, MAKER_NOTE = 0x0112, 0x8769, 0x927C
RNG = np.random.default_rng(5)
PHOTOGRAPH = np.kron(RNG.integers(0, 256, (4, 6, 3)), np.ones((16, 16, 1))).astype(np.uint8)
"""Tiles of one colour, so that JPEG and HEIC keep the middle of each."""
GAIN = np.kron(RNG.integers(0, 256, (4, 6)), np.ones((8, 8))).astype(np.uint8)
"""Half the size."""
MIDDLES = (slice(8, None, 16), slice(8, None, 16))


def maker_note(tags: dict[int, float], order: str = ">") -> bytes:
    """As telephones write it: signed fractions in a TIFF directory, offsets from the note's start."""
    head = b"Apple iOS\0\0\x01" + (b"MM" if order == ">" else b"II")
    at = len(head) + 2 + 12 * len(tags) + 4
    entries = [struct.pack(f"{order}HHII", tag, 10, 1, at + 8 * place) for place, tag in enumerate(tags)]
    values = [struct.pack(f"{order}ii", round(value * 10000), 10000) for value in tags.values()]
    return head + struct.pack(f"{order}H", len(tags)) + b"".join(entries) + bytes(4) + b"".join(values)


def exif_data(note: bytes, orientation: int = 1) -> Image.Exif:
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    exif.get_ifd(EXIF)[MAKER_NOTE] = note
    return exif


def write_jpeg(path: Path, *, tags: dict[int, float] | None = None, order: str = ">", orientation: int = 1) -> None:
    """A photograph with a gain map of half its size; headroom 8 unless told otherwise."""
    note = maker_note({33: 1.2, 48: 0.0} if tags is None else tags, order)
    photograph, gain = Image.fromarray(PHOTOGRAPH), Image.fromarray(GAIN)
    gain.encoderinfo = {"xmp": b"<x:xmpmeta><apdi:AuxiliaryImageType>" + NAME + b"</x:xmpmeta>", "quality": 100}
    options = {"exif": exif_data(note, orientation), "quality": 100, "subsampling": 0}
    photograph.save(path, "MPO", save_all=True, append_images=[gain], **options)


def write_heic(path: Path, *, tags: dict[int, float] | None = None) -> None:
    """libheif's own auxiliary picture, the alpha channel, under Apple's name: lengths and places grow with the name."""
    import pillow_heif

    note = maker_note({33: 1.2, 48: 0.0} if tags is None else tags)
    rgba = np.dstack([PHOTOGRAPH, np.kron(GAIN, np.ones((2, 2))).astype(np.uint8)])
    stream = io.BytesIO()
    options = {"quality": 100, "chroma": 444, "exif": exif_data(note).tobytes()}
    pillow_heif.from_pillow(Image.fromarray(rgba)).save(stream, **options)
    data, alpha = bytearray(stream.getvalue()), b"urn:mpeg:hevc:2015:auxid:1"
    longer = len(NAME) - len(alpha)
    for box in (b"meta", b"iprp", b"ipco", b"auxC"):
        at = data.find(box) - 4
        data[at : at + 4] = struct.pack(">I", struct.unpack(">I", data[at : at + 4])[0] + longer)
    at = data.find(b"iloc") + 10
    for item in range(struct.unpack(">H", data[at : at + 2])[0]):
        base = at + 2 + 18 * item + 4
        data[base : base + 4] = struct.pack(">I", struct.unpack(">I", data[base : base + 4])[0] + longer)
    path.write_bytes(bytes(data).replace(alpha, NAME))


def by_apples_formula(full: float) -> np.ndarray:
    """Of the tiles' middles, by colour-science's transfer functions."""
    sdr = colour.cctf_decoding(PHOTOGRAPH[MIDDLES] / 255, "sRGB")
    gain = colour.models.oetf_inverse_BT709(GAIN[4::8, 4::8] / 255)
    return sdr * (1 + (full - 1) * gain[:, :, None])


@pytest.mark.parametrize(
    ("maker33", "maker48", "expected"),
    [
        (0.5, 0.0, 2**1.8), (0.5, 0.01, 2**1.6), (0.5, 1.0, 2**1.5),
        (1.0, 0.0, 8), (1.2, 0.01, 2**2.3), (1.2, 1.0, 4), (1.2, 9.0, 1),
    ],
)  # fmt: skip
def test_the_headroom_is_apples_published_formula(maker33: float, maker48: float, expected: float) -> None:
    assert headroom(maker33, maker48) == pytest.approx(expected)


@pytest.mark.parametrize("order", [">", "<"])
@pytest.mark.parametrize(("tags", "full"), [({33: 1.2, 48: 0.0}, 8), ({33: 0.5, 48: 1.0}, 2**1.5)])
def test_a_jpeg_is_its_base_times_the_gain(tmp_path: Path, tags: dict[int, float], full: float, order: str) -> None:
    write_jpeg(tmp_path / "a.jpg", tags=tags, order=order)
    image = read_apple_gain_map(tmp_path / "a.jpg")
    np.testing.assert_allclose(image.pixels[MIDDLES], by_apples_formula(full), rtol=0.03, atol=0.01)
    assert f"headroom {full:.3g}" in image.domain


def test_a_heic_is_its_base_times_the_gain(tmp_path: Path) -> None:
    pytest.importorskip("pillow_heif")
    write_heic(tmp_path / "a.heic")
    image = read_apple_gain_map(tmp_path / "a.heic")
    np.testing.assert_allclose(image.pixels[MIDDLES], by_apples_formula(8), rtol=0.08, atol=0.02)


def test_the_gain_map_is_turned_with_the_photograph(tmp_path: Path) -> None:
    write_jpeg(tmp_path / "a.jpg")
    write_jpeg(tmp_path / "turned.jpg", orientation=6)
    straight, turned = (read_apple_gain_map(tmp_path / name).pixels for name in ("a.jpg", "turned.jpg"))
    np.testing.assert_allclose(turned, np.rot90(straight, -1), rtol=1e-5)


@pytest.mark.parametrize("tags", [{}, {33: 1.2}, {48: 0.1}])
def test_a_gain_map_without_headroom_is_refused(tmp_path: Path, tags: dict[int, float]) -> None:
    write_jpeg(tmp_path / "a.jpg", tags=tags)
    with pytest.raises(InputError, match=r"a\.jpg: a gain map without its headroom"):
        read_apple_gain_map(tmp_path / "a.jpg")


def test_a_headroom_beyond_any_screen_is_refused(tmp_path: Path) -> None:
    write_jpeg(tmp_path / "a.jpg", tags={33: 1.2, 48: -1.0})
    with pytest.raises(InputError, match=r"states a headroom of .* times white"):
        read_apple_gain_map(tmp_path / "a.jpg")


def test_the_gain_map_of_the_standard_in_a_heic_is_refused_and_not_misread(tmp_path: Path) -> None:
    pytest.importorskip("pillow_heif")
    write_heic(tmp_path / "a.heic")
    data = (tmp_path / "a.heic").read_bytes()
    (tmp_path / "a.heic").write_bytes(data.replace(b"miaf", b"tmap", 1))
    with pytest.raises(InputError, match="ISO 21496-1; export it as JPEG"):
        read_apple_gain_map(tmp_path / "a.heic")


def test_an_ordinary_photograph_is_refused(tmp_path: Path) -> None:
    Image.fromarray(PHOTOGRAPH).save(tmp_path / "a.jpg")
    with pytest.raises(InputError, match="it has no gain map of Apple's"):
        read_apple_gain_map(tmp_path / "a.jpg")
