"""EXIF, XMP and date from every format, as Pillow, exiftool and OpenImageIO put them there."""

import shutil
import struct
import subprocess
from datetime import datetime
from pathlib import Path

import imagecodecs
import numpy as np
import OpenImageIO
import pytest
import tifffile
from PIL import ExifTags, Image, features
from PIL.PngImagePlugin import PngInfo

from tests.imaging.test_camera_raw import write_dng
from twostage_hdr.imaging.chromaticities import DISPLAY_P3
from twostage_hdr.imaging.photograph import read_photograph
from twostage_hdr.imaging.photograph_metadata import read_picture_info

PICTURE = Image.fromarray(np.random.default_rng(0).integers(0, 256, (24, 40, 3), dtype=np.uint8))
TAKEN = datetime(2024, 5, 17, 18, 30, 9)
LATITUDE = (48.0, 12.0, 30.5)
XMP = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:Description dc:title="Br\xc3\xbccke"/></x:xmpmeta>'
NEEDS_AVIF = pytest.mark.skipif(not features.check("avif"), reason="this Pillow has no AVIF")
SUFFIXES = ["jpg", "png", "webp", "tif", "heic", pytest.param("avif", marks=NEEDS_AVIF)]


def block(orientation: int = 1) -> Image.Exif:
    exif = Image.Exif()
    exif[ExifTags.Base.Make], exif[ExifTags.Base.Orientation] = "Seed", orientation
    exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.DateTimeOriginal] = f"{TAKEN:%Y:%m:%d %H:%M:%S}"
    exif.get_ifd(ExifTags.IFD.GPSInfo)[ExifTags.GPS.GPSLatitudeRef] = "N"
    exif.get_ifd(ExifTags.IFD.GPSInfo)[ExifTags.GPS.GPSLatitude] = LATITUDE
    return exif


def saved(path: Path, xmp: bytes = XMP, exif: bytes | None = None) -> Path:
    written = block().tobytes() if exif is None else exif
    if path.suffix == ".heic":
        pytest.importorskip("pillow_heif").from_pillow(PICTURE).save(path, exif=written, xmp=xmp)
    elif path.suffix == ".png":
        texts = PngInfo()
        texts.add_itxt("XML:com.adobe.xmp", xmp.decode())
        PICTURE.save(path, exif=written, pnginfo=texts)
    elif path.suffix == ".tif":
        tags = Image.Exif()
        tags.load(written)
        tags[700] = xmp
        PICTURE.save(path, exif=tags)
    else:
        PICTURE.save(path, exif=written, xmp=xmp)
    return path


def said(exif: bytes | None) -> tuple[object, ...]:
    assert exif is not None
    assert exif[:4] in (b"II*\0", b"MM\0*")
    read = Image.Exif()
    read.load(exif)
    taken = read.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.DateTimeOriginal]
    place = read.get_ifd(ExifTags.IFD.GPSInfo)[ExifTags.GPS.GPSLatitude]
    return read[ExifTags.Base.Make], taken, tuple(float(number) for number in place)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_exif_gps_xmp_and_date_are_found_in_every_format(tmp_path: Path, suffix: str) -> None:
    info, notes = read_picture_info(saved(tmp_path / f"a.{suffix}"), DISPLAY_P3)
    assert said(info.exif) == ("Seed", "2024:05:17 18:30:09", LATITUDE)
    assert info.xmp == XMP
    assert (info.taken, info.primaries, notes) == (TAKEN, DISPLAY_P3, ())


@pytest.mark.parametrize("packed", [False, True])
def test_the_boxes_of_a_jpeg_xl_are_found(tmp_path: Path, packed: bool) -> None:
    exif = bytes(4) + block().tobytes().removeprefix(b"Exif\0\0")
    data = imagecodecs.jpegxl_encode(np.asarray(PICTURE), usecontainer=True)
    for name, body in ((b"Exif", exif), (b"xml ", XMP)):
        stored = b"brob" + name + imagecodecs.brotli_encode(body) if packed else name + body
        data += struct.pack(">I", len(stored) + 4) + stored
    (tmp_path / "a.jxl").write_bytes(data)
    info, notes = read_picture_info(tmp_path / "a.jxl")
    assert (said(info.exif), info.xmp, info.taken, notes) == (said(exif[4:]), XMP, TAKEN, ())


def test_what_openimageio_writes_into_a_jpeg_xl_is_found(tmp_path: Path) -> None:
    spec = OpenImageIO.ImageSpec(40, 24, 3, "uint8")
    spec.attribute("Make", "Seed")
    spec.attribute("Exif:DateTimeOriginal", "2024:05:17 18:30:09")
    file = OpenImageIO.ImageOutput.create(str(tmp_path / "a.jxl"))
    file.open(str(tmp_path / "a.jxl"), spec)
    file.write_image(np.asarray(PICTURE))
    file.close()
    info, notes = read_picture_info(tmp_path / "a.jxl")
    assert (info.taken, notes) == (TAKEN, ())


@pytest.mark.skipif(shutil.which("exiftool") is None, reason="exiftool is not installed")
@pytest.mark.parametrize("suffix", ["jpg", "png", "webp", "tif"])
def test_what_exiftool_writes_is_found(tmp_path: Path, suffix: str) -> None:
    PICTURE.save(tmp_path / f"a.{suffix}")
    tags = ["-Make=Seed", "-DateTimeOriginal=2024:05:17 18:30:09", "-GPSLatitude=48.208472", "-GPSLatitudeRef=N"]
    command = ["exiftool", "-q", "-overwrite_original", *tags, "-XMP-dc:Title=Bridge", tmp_path / f"a.{suffix}"]
    subprocess.run(command, check=True, capture_output=True)
    info, notes = read_picture_info(tmp_path / f"a.{suffix}")
    assert (said(info.exif)[:2], notes) == (("Seed", "2024:05:17 18:30:09"), ())
    assert said(info.exif)[2] == pytest.approx(LATITUDE, abs=0.01)  # degrees, minutes, seconds
    assert info.xmp is not None
    assert b"Bridge" in info.xmp


def test_a_sixteen_bit_tiff_and_one_of_foreign_compression_have_theirs(tmp_path: Path) -> None:
    deep = np.asarray(PICTURE).astype(np.uint16) * 257
    for compression in (None, "jpegxl"):
        tags = [(271, 2, 0, "Seed", True), (306, 2, 0, "2024:05:17 18:30:09", True)]
        tifffile.imwrite(tmp_path / "a.tif", deep, photometric="rgb", compression=compression, extratags=tags)
        info, notes = read_picture_info(tmp_path / "a.tif")
        assert (info.taken, notes) == (TAKEN, ())


def test_camera_raw_has_the_date_of_its_directories(tmp_path: Path) -> None:
    pytest.importorskip("rawpy")
    write_dng(tmp_path / "a.dng")
    with tifffile.TiffFile(tmp_path / "a.dng", mode="r+b") as file:
        file.pages.first.tags["Software"].overwrite("camera")
    info, notes = read_picture_info(tmp_path / "a.dng")
    assert notes == ()
    assert info.exif is not None


@pytest.mark.parametrize("suffix", ["jpg", "png", "webp", "heic"])
@pytest.mark.parametrize(
    "exif", [b"Exif\0\0nothing", b"Exif\0\0II*\0\xff\xff\xff\x7f", b"Exif\0\0MM\0*\0\0\0\x08\xff\xff"]
)
def test_damaged_exif_never_costs_the_photograph(tmp_path: Path, suffix: str, exif: bytes) -> None:
    path = tmp_path / f"a.{suffix}"
    try:
        saved(path, exif=b"Exif\0\0" + exif)
    except Exception:
        pytest.skip("the encoder does not write such a block")
    photograph = read_photograph(path)
    assert photograph.pixels is not None
    assert photograph.pixels.shape == (24, 40, 3)
    assert photograph.info.taken is None
    assert photograph.info.exif is None
    assert photograph.notes in ((), ("damaged EXIF data dropped",))  # pillow_heif writes some of them as none


def test_a_block_that_is_no_tiff_structure_is_dropped_with_a_word(tmp_path: Path) -> None:
    saved(tmp_path / "a.jpg", exif=b"Exif\0\0nothing")
    info, notes = read_picture_info(tmp_path / "a.jpg")
    assert (info.exif, info.xmp, notes) == (None, XMP, ("damaged EXIF data dropped",))


def test_xmp_that_is_no_text_is_dropped_with_a_word(tmp_path: Path) -> None:
    saved(tmp_path / "a.jpg", xmp=b"<x>\xff\xfe</x>")
    info, notes = read_picture_info(tmp_path / "a.jpg")
    assert (info.xmp, notes) == (None, ("damaged XMP data dropped",))
    assert info.taken == TAKEN


def test_of_xmp_what_is_of_the_file_is_left_out(tmp_path: Path) -> None:
    packet = (
        b'<rdf:Description hdrgm:Version="1.0" tiff:Orientation="6" dc:title="a">'
        b"<Container:Directory><rdf:Seq><rdf:li>1</rdf:li></rdf:Seq></Container:Directory>"
        b"<hdrgm:GainMapMax><rdf:Seq/></hdrgm:GainMapMax><HDRGainMap:HDRGainMapVersion>65536"
        b"</HDRGainMap:HDRGainMapVersion><tiff:Orientation>6</tiff:Orientation><dc:creator>b</dc:creator>"
        b"</rdf:Description>"
    )
    info, _ = read_picture_info(saved(tmp_path / "a.jpg", xmp=packet))
    assert info.xmp == b'<rdf:Description dc:title="a"><dc:creator>b</dc:creator></rdf:Description>'


def test_a_photograph_without_metadata_has_none(tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "big.tif", np.asarray(PICTURE), photometric="rgb", bigtiff=True)
    for name in ("a.jpg", "a.png", "a.tif", "a.webp", "big.tif"):
        if name != "big.tif":
            PICTURE.save(tmp_path / name)
        info, notes = read_picture_info(tmp_path / name)
        assert (info.exif, info.xmp, info.taken, notes) == (None, None, None, ())
    (tmp_path / "a.jxl").write_bytes(imagecodecs.jpegxl_encode(np.asarray(PICTURE), usecontainer=False))
    assert read_picture_info(tmp_path / "a.jxl")[0].exif is None


def test_a_brotli_bomb_is_dropped(tmp_path: Path) -> None:
    bomb = b"brobExif" + imagecodecs.brotli_encode(bytes(64 * 2**20))
    data = imagecodecs.jpegxl_encode(np.asarray(PICTURE), usecontainer=True)
    (tmp_path / "a.jxl").write_bytes(data + struct.pack(">I", len(bomb) + 4) + bomb)
    info, notes = read_picture_info(tmp_path / "a.jxl")
    assert (info.exif, notes) == (None, ("damaged EXIF data dropped",))
