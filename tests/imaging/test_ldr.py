"""Photographs as cameras, phones and programs write them; each oddity told, each unusable file refused in one line."""

import struct
import subprocess
import sys
import zlib
from pathlib import Path

import colour
import imagecodecs
import numpy as np
import pytest
import tifffile
from PIL import Image, ImageCms, ImageOps, features

from tests.refusal import refusal_of
from twostage_hdr.imaging.avif import AVIF
from twostage_hdr.imaging.ldr import read_ldr

RGB = np.random.default_rng(0).integers(0, 256, (9, 13, 3), dtype=np.uint8)
DEEP = np.random.default_rng(1).integers(0, 65536, (9, 13, 3), dtype=np.uint16)
PICTURE = Image.fromarray(RGB)

needs_avif = pytest.mark.skipif(not features.check("avif"), reason="this Pillow has no AVIF")


def assert_refused(path: Path, *values: object) -> None:
    """In one line that names the file and the values."""
    with refusal_of(path, *values):
        read_ldr(path)


def saved(path: Path, image: Image.Image = PICTURE, **options: object) -> Path:
    image.save(path, **options)
    return path


@pytest.mark.parametrize("name", ["a.png", "a.tif", "a.bmp"])
def test_lossless_files_are_read_exactly(tmp_path: Path, name: str) -> None:
    image = read_ldr(saved(tmp_path / name))
    np.testing.assert_array_equal(image.pixels, RGB)
    assert image.pixels.dtype == np.uint8
    assert image.notes == ()


def test_webp_is_read(tmp_path: Path) -> None:
    np.testing.assert_array_equal(read_ldr(saved(tmp_path / "a.webp", lossless=True)).pixels, RGB)


def test_a_jpeg_is_read_as_another_decoder_reads_it(tmp_path: Path) -> None:
    path = saved(tmp_path / "a.jpg", PICTURE.resize((64, 64)), quality=95)
    difference = read_ldr(path).pixels.astype(int) - imagecodecs.jpeg8_decode(path.read_bytes())
    assert np.abs(difference).max() <= 2


@needs_avif
def test_an_ordinary_avif_is_read(tmp_path: Path) -> None:
    smooth = np.asarray(PICTURE.resize((64, 64)))
    image = read_ldr(saved(tmp_path / "a.avif", Image.fromarray(smooth), quality=100, subsampling="4:4:4"))
    assert np.abs(image.pixels.astype(int) - smooth).mean() < 2


@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
def test_a_telephones_heic_is_read_upright_under_any_name(tmp_path: Path, orientation: int) -> None:
    heif = pytest.importorskip("pillow_heif")
    smooth = PICTURE.resize((48, 32))
    exif = Image.Exif()
    exif[0x0112] = orientation
    heif.from_pillow(smooth).save(tmp_path / "a.heic", exif=exif.tobytes(), quality=100, chroma=444)
    smooth.getexif()[0x0112] = orientation
    expected = np.asarray(ImageOps.exif_transpose(smooth)).astype(int)
    (tmp_path / "a.jpg").write_bytes((tmp_path / "a.heic").read_bytes())
    for name in ("a.heic", "a.jpg"):
        assert np.abs(read_ldr(tmp_path / name).pixels - expected).mean() < 3


def test_heic_without_its_package_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.heic").write_bytes(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(100))
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    assert_refused(tmp_path / "a.heic", "HEIC", "pip install pillow-heif")


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("suffix", ["jpg", "png", "tif", "webp"])
def test_every_exif_orientation_is_applied(tmp_path: Path, suffix: str, orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = saved(tmp_path / f"a.{suffix}", exif=exif)
    image = read_ldr(path)
    with Image.open(path) as stored:
        expected = np.asarray(ImageOps.exif_transpose(stored).convert("RGB"))
    np.testing.assert_array_equal(image.pixels, expected)
    assert image.notes == (() if orientation == 1 else ("rotated by EXIF orientation",))


@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_orientation_of_a_deep_tiff_is_applied(tmp_path: Path, orientation: int) -> None:
    tifffile.imwrite(tmp_path / "a.tif", DEEP, photometric="rgb", extratags=[(274, 3, 1, orientation, True)])
    image = read_ldr(tmp_path / "a.tif")
    low = Image.fromarray((DEEP >> 8).astype(np.uint8))
    low.getexif()[0x0112] = orientation
    np.testing.assert_array_equal(image.pixels >> 8, np.asarray(ImageOps.exif_transpose(low)))
    assert image.pixels.dtype == np.uint16


@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.dat"])
def test_sixteen_bit_pngs_keep_their_bits_under_any_name(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(imagecodecs.png_encode(DEEP))
    np.testing.assert_array_equal(read_ldr(tmp_path / name).pixels, DEEP)


@pytest.mark.parametrize("name", ["a.tif", "a.tiff", "a.dat"])
def test_sixteen_bit_tiffs_keep_their_bits_under_any_name(tmp_path: Path, name: str) -> None:
    tifffile.imwrite(tmp_path / name, DEEP, photometric="rgb")
    np.testing.assert_array_equal(read_ldr(tmp_path / name).pixels, DEEP)


def test_a_jpeg_that_calls_itself_tiff_or_heic_is_read(tmp_path: Path) -> None:
    for name in ("a.tif", "a.heic", "a"):
        PICTURE.save(tmp_path / name, "JPEG")
        assert read_ldr(tmp_path / name).pixels.shape == (9, 13, 3)


@pytest.mark.parametrize("mode", ["L", "1", "I;16"])
def test_grey_becomes_rgb(tmp_path: Path, mode: str) -> None:
    grey = Image.fromarray(DEEP[:, :, 0]) if mode == "I;16" else PICTURE.convert(mode)
    image = read_ldr(saved(tmp_path / "a.png", grey))
    expected = DEEP[:, :, 0] if mode == "I;16" else np.asarray(grey.convert("L"))
    np.testing.assert_array_equal(image.pixels, np.repeat(expected[:, :, None], 3, axis=2))


def test_a_palette_becomes_rgb(tmp_path: Path) -> None:
    palette = PICTURE.quantize(16)
    np.testing.assert_array_equal(
        read_ldr(saved(tmp_path / "a.png", palette)).pixels, np.asarray(palette.convert("RGB"))
    )


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_transparency_is_dropped_with_a_word_and_the_colours_kept(tmp_path: Path, mode: str) -> None:
    picture = PICTURE.convert(mode)
    picture.putalpha(100)
    image = read_ldr(saved(tmp_path / "a.png", picture))
    np.testing.assert_array_equal(image.pixels, np.asarray(picture.convert("RGB")))
    assert image.notes == ("alpha channel dropped",)


@pytest.mark.parametrize("channels", [2, 4])
def test_deep_transparency_is_dropped_with_a_word(tmp_path: Path, channels: int) -> None:
    samples = np.concatenate([DEEP[:, :, : channels - 1], DEEP[:, :, :1]], axis=2)
    (tmp_path / "a.png").write_bytes(imagecodecs.png_encode(samples))
    image = read_ldr(tmp_path / "a.png")
    np.testing.assert_array_equal(image.pixels[:, :, 0], DEEP[:, :, 0])
    assert image.pixels.shape == (9, 13, 3)
    assert image.notes == ("alpha channel dropped",)


def display_p3() -> bytes:
    space = colour.RGB_COLOURSPACES["Display P3"]
    primaries = [number for xy in space.primaries for number in (*map(float, xy), 1.0)]
    white = (*map(float, space.whitepoint), 1.0)
    return bytes(imagecodecs.cms_profile("rgb", whitepoint=white, primaries=primaries, gamma=2.2))


def p3_colours() -> tuple[np.ndarray, np.ndarray]:
    """Colours encoded in Display P3 with gamma 2.2, [0, 1], and the same in sRGB, by colour-science."""
    linear = np.random.default_rng(4).uniform(0.1, 0.9, (12, 16, 3))
    wide = colour.RGB_to_RGB(linear, "sRGB", "Display P3", chromatic_adaptation_transform=None)
    return wide ** (1 / 2.2), colour.models.eotf_inverse_sRGB(linear)


def test_display_p3_is_converted_to_srgb(tmp_path: Path) -> None:
    wide, expected = p3_colours()
    path = saved(tmp_path / "a.png", Image.fromarray(np.rint(wide * 255).astype(np.uint8)), icc_profile=display_p3())
    image = read_ldr(path)
    np.testing.assert_allclose(image.pixels, expected * 255, atol=1.6)
    assert len(image.notes) == 1
    assert image.notes[0].endswith("to sRGB")


def test_display_p3_of_sixteen_bits_is_converted_exactly(tmp_path: Path) -> None:
    wide, expected = p3_colours()
    stored = np.rint(wide * 65535).astype(np.uint16)
    tifffile.imwrite(tmp_path / "a.tif", stored, photometric="rgb", iccprofile=display_p3())
    image = read_ldr(tmp_path / "a.tif")
    np.testing.assert_allclose(image.pixels, expected * 65535, atol=12)
    assert image.notes[0].endswith("to sRGB")


def test_an_srgb_profile_changes_nothing(tmp_path: Path) -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    image = read_ldr(saved(tmp_path / "a.png", icc_profile=profile))
    np.testing.assert_array_equal(image.pixels, RGB)
    assert image.notes == ()


def test_a_damaged_profile_is_ignored_with_a_word(tmp_path: Path) -> None:
    image = read_ldr(saved(tmp_path / "a.png", icc_profile=b"no profile"))
    np.testing.assert_array_equal(image.pixels, RGB)
    assert image.notes == ("damaged colour profile ignored",)


@pytest.mark.parametrize("name", ["a.jpg", "a.tif"])
def test_ink_is_converted_with_a_word(tmp_path: Path, name: str) -> None:
    image = read_ldr(saved(tmp_path / name, PICTURE.convert("CMYK")))
    assert image.pixels.shape == (9, 13, 3)
    assert image.notes == ("converted from CMYK without an ink profile",)
    if name == "a.tif":
        np.testing.assert_array_equal(image.pixels, RGB)


def test_of_an_animation_the_first_frame_is_read_with_a_word(tmp_path: Path) -> None:
    path = saved(tmp_path / "a.png", save_all=True, append_images=[PICTURE.rotate(180)])
    image = read_ldr(path)
    np.testing.assert_array_equal(image.pixels, RGB)
    assert image.notes == ("first of 2 frames used",)


@pytest.mark.parametrize("size", [(1, 1), (1, 7), (300, 1)])
def test_any_size_is_read(tmp_path: Path, size: tuple[int, int]) -> None:
    assert read_ldr(saved(tmp_path / "a.png", Image.new("RGB", size))).pixels.shape == (size[1], size[0], 3)


def ink_profile(corners: np.ndarray) -> bytes:
    """A CMYK profile (ICC 2.4, lut8) whose 16 corners of no ink and full ink are these 8-bit Lab colours."""
    steps, colours = bytes(range(256)), corners.astype(np.uint8).tobytes()
    identity = b"".join(struct.pack(">i", value << 16) for value in (1, 0, 0, 0, 1, 0, 0, 0, 1))
    table = b"mft1\0\0\0\0" + bytes((4, 3, 2, 0)) + identity + steps * 4 + colours + steps * 3
    white = b"XYZ \0\0\0\0" + struct.pack(">3i", round(0.9642 * 65536), 65536, round(0.8249 * 65536))
    body, entries, start = b"", b"", 128 + 4 + 2 * 12
    for name, tag in ((b"A2B0", table), (b"wtpt", white)):
        entries += name + struct.pack(">2I", start + len(body), len(tag))
        body += tag + b"\0" * (-len(tag) % 4)
    head = bytearray(128)
    head[8:12] = b"\x02\x40\0\0"
    head[12:24], head[36:40] = b"prtrCMYKLab ", b"acsp"
    head[68:80] = white[8:]
    profile = bytes(head) + struct.pack(">I", 2) + entries + body
    return struct.pack(">I", len(profile)) + profile[4:]


@pytest.mark.parametrize("name", ["a.tif", "a.jpg"])
def test_ink_with_a_profile_is_converted_by_it(tmp_path: Path, name: str) -> None:
    rng = np.random.default_rng(0)
    lab8 = np.column_stack((rng.integers(100, 180, 16), rng.integers(118, 140, 16), rng.integers(118, 140, 16)))
    lab8[0], lab8[15] = (255, 128, 128), (0, 128, 128)  # paper and black, which the conversion maps to white and black
    inks = np.array([[[255 * bool(corner & bit) for bit in (8, 4, 2, 1)] for corner in range(16)]], np.uint8)
    inks = inks.repeat(16, 0).repeat(16, 1)  # JPEG's blocks
    picture = Image.fromarray(inks, "CMYK")
    image = read_ldr(saved(tmp_path / name, picture, icc_profile=ink_profile(lab8), quality=100))
    lab = lab8 * (100 / 255, 1, 1) - (0, 128, 128)
    d50 = colour.CCS_ILLUMINANTS["CIE 1931 2 Degree Standard Observer"]["D50"]
    expected = 255 * colour.XYZ_to_sRGB(colour.Lab_to_XYZ(lab, d50), d50, chromatic_adaptation_transform="Bradford")
    np.testing.assert_allclose(image.pixels[8, 8::16], expected, atol=2)
    assert image.notes[0].startswith("converted from ")
    assert image.notes[0].endswith(" to sRGB")


def test_a_png_of_pq_is_no_photograph(tmp_path: Path) -> None:
    png = saved(tmp_path / "a.png").read_bytes()
    body = b"cICP" + bytes((9, 16, 0, 1))
    (tmp_path / "a.png").write_bytes(png[:33] + b"\0\0\0\4" + body + zlib.crc32(body).to_bytes(4, "big") + png[33:])
    assert_refused(tmp_path / "a.png", "PQ PNG")


def test_a_linear_png_is_brought_to_srgb_with_a_word(tmp_path: Path) -> None:
    png = saved(tmp_path / "a.png").read_bytes()
    body = b"gAMA" + (100_000).to_bytes(4, "big")
    (tmp_path / "a.png").write_bytes(png[:33] + b"\0\0\0\4" + body + zlib.crc32(body).to_bytes(4, "big") + png[33:])
    image = read_ldr(tmp_path / "a.png")
    assert image.notes == ("converted from gamma 1 to sRGB",)
    assert image.pixels.astype(int).mean() > RGB.astype(int).mean() + 20


@pytest.mark.parametrize("mode", ["RGB", "L", "P", "RGBA", "CMYK", "YCbCr"])
def test_tall_images_are_converted_block_by_block_as_pillow_converts_them_whole(tmp_path: Path, mode: str) -> None:
    tall = Image.fromarray(np.random.default_rng(2).integers(0, 256, (600, 5, 3), dtype=np.uint8)).convert(mode)
    path = saved(tmp_path / "a.tif", tall, compression="tiff_lzw")
    with Image.open(path) as image:
        expected = np.asarray(image.convert("RGB"))
    np.testing.assert_array_equal(read_ldr(path).pixels, expected)


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/status").is_file(), reason="needs Linux's /proc")
def test_a_large_photograph_takes_little_more_than_its_decoded_and_its_final_pixels(tmp_path: Path) -> None:
    side = 6000
    saved(tmp_path / "a.jpg", Image.new("RGB", (side, side)))
    script = (
        "import sys; from twostage_hdr.imaging.ldr import read_ldr;"
        # Not getrusage: its peak is that of the process that started this one, if that was larger.
        "status = lambda: dict(line.split(':') for line in open('/proc/self/status'));"
        "peak = lambda: int(status()['VmHWM'].split()[0]) * 1024;"
        "before = peak(); read_ldr(sys.argv[1]); print(peak() - before)"
    )
    command = [sys.executable, "-c", script, str(tmp_path / "a.jpg")]
    taken = int(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    pillows, ours = 4 * side**2, 3 * side**2
    assert 0.5 * ours < taken < 1.2 * (pillows + ours)


def test_pillows_limit_of_pixels_is_lifted_while_opening_and_put_back(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 10)
    np.testing.assert_array_equal(read_ldr(saved(tmp_path / "a.png")).pixels, RGB)
    assert Image.MAX_IMAGE_PIXELS == 10


@pytest.mark.parametrize("suffix", ["jpg", "png", "webp", "tif", "bmp", pytest.param("avif", marks=needs_avif)])
@pytest.mark.parametrize("share", [0.02, 0.3, 0.9])
def test_a_cut_file_is_refused_in_one_line(tmp_path: Path, suffix: str, share: float) -> None:
    path = saved(tmp_path / f"a.{suffix}", PICTURE.resize((64, 64)))
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])
    assert_refused(path)


@pytest.mark.parametrize("share", [0.03, 0.5, 0.9])
def test_a_cut_deep_png_is_refused_in_one_line(tmp_path: Path, share: float) -> None:
    data = imagecodecs.png_encode(DEEP)
    (tmp_path / "a.png").write_bytes(data[: int(len(data) * share)])
    assert_refused(tmp_path / "a.png")


def test_a_flipped_bit_in_a_png_is_noticed(tmp_path: Path) -> None:
    for name, data in (("a.png", imagecodecs.png_encode(DEEP)), ("b.png", imagecodecs.png_encode(RGB))):
        damaged = bytearray(data)
        damaged[len(data) // 2] ^= 0x10
        (tmp_path / name).write_bytes(damaged)
        assert_refused(tmp_path / name)


def png_of_size(width: int, height: int, depth: int) -> bytes:
    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    header = struct.pack(">IIBBBBB", width, height, depth, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


@pytest.mark.parametrize("depth", [8, 16])
@pytest.mark.parametrize("side", [0, 2**31 - 1])
def test_a_size_that_cannot_be_is_refused(tmp_path: Path, side: int, depth: int, capfd) -> None:
    (tmp_path / "a.png").write_bytes(png_of_size(side, side, depth))
    assert_refused(tmp_path / "a.png")
    capfd.readouterr()


@pytest.mark.parametrize("dtype", [np.float32, np.float16, np.uint32, np.int16])
def test_other_samples_than_8_or_16_bits_are_refused(tmp_path: Path, dtype: type) -> None:
    tifffile.imwrite(tmp_path / "a.tif", RGB.astype(dtype), photometric="rgb")
    assert_refused(tmp_path / "a.tif", np.dtype(dtype).name, "8 or 16 bits")


@pytest.mark.parametrize("suffix", [".exr", ".hdr", ".PIC", ".pfm"])
def test_hdr_files_are_refused_as_such(tmp_path: Path, suffix: str) -> None:
    (tmp_path / f"a{suffix}").write_bytes(b"something")
    assert_refused(tmp_path / f"a{suffix}", "HDR", suffix)


def test_an_hdr_avif_is_refused_as_such(tmp_path: Path) -> None:
    AVIF.save(tmp_path / "a.avif", np.ones((8, 8, 3), np.float32))
    assert_refused(tmp_path / "a.avif", "PQ AVIF")


@pytest.mark.parametrize("suffix", [".dng", ".NEF", ".cr2"])
def test_of_camera_raw_the_thumbnail_is_not_taken(tmp_path: Path, suffix: str) -> None:
    PICTURE.save(tmp_path / f"a{suffix}", "TIFF")
    assert_refused(tmp_path / f"a{suffix}", "RAW")  # with rawpy and without


@pytest.mark.parametrize("content", [b"hello", b"<svg/>", bytes(1000), b"\0\0\0\x18ftypzzzz"])
def test_what_is_no_image_is_refused_with_the_choices(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.jpg").write_bytes(content)
    assert_refused(tmp_path / "a.jpg", "JPEG", "PNG", "TIFF", "WebP", "AVIF", "HEIC", "JPEG XL")


def test_missing_and_empty_files_and_folders_are_named(tmp_path: Path) -> None:
    assert_refused(tmp_path / "a.jpg")
    (tmp_path / "b.jpg").touch()
    assert_refused(tmp_path / "b.jpg", "0 bytes")
    (tmp_path / "c.jpg").mkdir()
    assert_refused(tmp_path / "c.jpg", "folder")


def test_a_text_path_does_as_well(tmp_path: Path) -> None:
    np.testing.assert_array_equal(read_ldr(str(saved(tmp_path / "a.png"))).pixels, RGB)


def test_real_photographs_are_read_as_pillow_reads_them(shared: Path) -> None:
    for path in sorted((shared / "ldr").glob("*.png")):
        with Image.open(path) as image:
            expected = np.asarray(image.convert("RGB"))
        np.testing.assert_array_equal(read_ldr(path).pixels, expected)


def test_no_program_is_run_on_a_photograph(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pillow hands PostScript to Ghostscript, whatever its name ends with."""
    monkeypatch.setattr(subprocess, "check_call", lambda *_, **__: (tmp_path / "ran").touch())
    Image.new("RGB", (8, 8)).save(tmp_path / "a.jpg", "EPS")
    assert_refused(tmp_path / "a.jpg")
    assert not (tmp_path / "ran").exists()
