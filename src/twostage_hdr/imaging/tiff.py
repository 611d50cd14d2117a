"""TIFF: linear floating point read and written, and photographs that Pillow cannot read, or not with all bits."""

import io
import math
import struct
from contextlib import AbstractContextManager
from pathlib import Path

import numpy as np
import OpenImageIO
import tifffile
from PIL import ExifTags
from PIL.TiffImagePlugin import ImageFileDirectory_v2

from twostage_hdr.boundary.file_reader import file_reader
from twostage_hdr.boundary.pixel_limit import HDR_BYTES, check_pixels
from twostage_hdr.boundary.quiet import quiet_libraries
from twostage_hdr.errors import InputError
from twostage_hdr.imaging.chromaticities import REC709, rec709_image
from twostage_hdr.imaging.colour_profile import profile_primaries, rgb_profile
from twostage_hdr.imaging.exif import PictureInfo, read_block, result_exif
from twostage_hdr.imaging.pixel_arrays import EXIF_ORIENTATION, HdrImage, StoredImage
from twostage_hdr.imaging.result_format import Result, ResultFormat, WriteRows
from twostage_hdr.imaging.scanline_writer import scanline_writer

_ICC_PROFILE = 34675
_MOST_CHANNELS = 4
_GREY_AND_RGB = (tifffile.PHOTOMETRIC.MINISWHITE, tifffile.PHOTOMETRIC.MINISBLACK, tifffile.PHOTOMETRIC.RGB)


@file_reader("TIFF", "export it as linear RGB of 32-bit floats")
def read_tiff(path: Path) -> HdrImage:
    """Read a linear floating-point TIFF.

    The primaries are those of its ICC profile, if `profile_primaries` knows them; its curve does not count.

    Raises:
        InputError: damaged, integers, or a colour model other than grey and RGB.
    """
    with tifffile.TiffFile(path) as file:
        photometric, pages = file.pages.first.photometric, len(file.pages)
        stored = _stored(path, file.pages.first)
    samples = stored.samples
    if photometric not in (tifffile.PHOTOMETRIC.MINISBLACK, tifffile.PHOTOMETRIC.RGB):
        raise InputError(path, f"TIFF with colour model {_colour_model(photometric)}", "export it as linear RGB")
    if samples.ndim != 3 or 0 in samples.shape:
        raise InputError(path, f"TIFF of shape {samples.shape}", "an image of height, width and channels is expected")
    if samples.dtype.kind != "f":
        raise InputError(path, f"{samples.dtype} TIFF", "HDR TIFF holds float values")
    colour, changes = stored.upright_rgb()
    notes = [*([f"first of {pages} pages used"] if pages > 1 else []), *changes]
    primaries = profile_primaries(stored.profile) or REC709
    domain = f"linear {samples.dtype}, TIFF"
    return rec709_image(path, colour.astype(np.float32), domain, primaries=primaries, notes=notes)


def read_tiff_beyond_pillow(path: Path) -> StoredImage | None:
    """Read a TIFF of one grey or RGB picture of 8 to 16 bits, in any compression; None for one that is left to Pillow.

    Pillow would silently read many as 8 bits, and cannot read others. Samples of 9 to 15 bits are scaled to 16.

    Raises:
        InputError: floating-point or 32-bit pixels, or a colour model other than grey and RGB.
    """
    with tifffile.TiffFile(path) as file:
        page = file.pages.first
        bits = page.bitspersample
        if bits < 8 or (bits == 8 and (page.photometric not in _GREY_AND_RGB or len(file.pages) > 1)):
            return None
        if page.dtype not in (np.uint8, np.uint16):
            raise InputError(path, f"{page.dtype} pixels", "a photograph of 8 or 16 bits per channel is expected here")
        if page.photometric not in _GREY_AND_RGB:
            seen = f"{bits}-bit TIFF with colour model {_colour_model(page.photometric)}"
            raise InputError(path, seen, "export it as RGB")
        stored = _stored(path, page)
        inverted = page.photometric == tifffile.PHOTOMETRIC.MINISWHITE
    samples = stored.samples[:, :, :_MOST_CHANNELS]
    largest, full = 2**bits - 1, np.iinfo(samples.dtype).max
    samples = largest - samples if inverted else samples
    if largest != full:
        samples = ((samples.astype(np.uint32) * full + largest // 2) // largest).astype(samples.dtype)
    return stored._replace(samples=samples)


def _stored(path: Path, page: tifffile.TiffPage) -> StoredImage:
    """A page that is not too large, all channels and the bits of each counted."""
    channels_at_hand = max(1, math.prod(page.shape) // max(page.imagewidth * page.imagelength, 1))
    decoded = channels_at_hand * (page.dtype.itemsize if page.dtype else 1)
    check_pixels(path, page.imagewidth, page.imagelength, max(HDR_BYTES, 2 * decoded))
    samples, tags = page.asarray(), page.tags
    if page.planarconfig == tifffile.PLANARCONFIG.SEPARATE and page.samplesperpixel > 1:
        samples = np.moveaxis(samples, 0, -1)
    samples = samples[:, :, None] if samples.ndim == 2 else samples
    return StoredImage(samples, int(tags.valueof(EXIF_ORIENTATION, default=1)), tags.valueof(_ICC_PROFILE))


def _colour_model(photometric: int) -> str:
    known = photometric in list(tifffile.PHOTOMETRIC)
    return str(tifffile.PHOTOMETRIC(photometric).name if known else photometric)


def _open(result: Result) -> AbstractContextManager[WriteRows]:
    profile = np.frombuffer(rgb_profile(result.info.primaries, 1.0), np.uint8)
    stored = (OpenImageIO.TypeDesc(f"uint8[{profile.size}]"), profile)
    return scanline_writer(
        result,
        "float",
        {"compression": "zip", "ICCProfile": stored},
        complete=lambda path: _put_metadata(path, result.info),
    )


TIFF = ResultFormat(endings=(".tif",), open=_open, white="lost")
"""Linear 32-bit floats with an ICC profile."""

_LITTLE_ENDIAN = b"II*\0"
_XMP_TAG = 700
_TEXTS = (ExifTags.Base.Make, ExifTags.Base.Model, ExifTags.Base.Artist, ExifTags.Base.Copyright)
_LEFT_OUT = (ExifTags.Base.MakerNote, ExifTags.Base.ExifInteroperabilityOffset)
"""Full of offsets that hold in the photograph's own block only."""


def _put_metadata(path: Path, info: PictureInfo) -> None:
    """Appends EXIF and GPS directories and XMP, and a first directory that points to them; BigTIFF stays as it is."""
    if info.exif is None and info.xmp is None:
        return
    with path.open("r+b") as file:
        if file.read(4) != _LITTLE_ENDIAN:
            return
        file.seek(*struct.unpack("<I", file.read(4)))
        (count,) = struct.unpack("<H", file.read(2))
        entries = file.read(12 * count)
        end = file.seek(0, io.SEEK_END)
        end += file.write(b"\0" * (end % 2))
        added = _directory(info, end)
        (count,) = struct.unpack_from("<H", added)
        entries += added[2 : 2 + 12 * count]
        end += file.write(added)
        by_tag = {entries[at : at + 2][::-1]: entries[at : at + 12] for at in range(0, len(entries), 12)}
        file.write(struct.pack("<H", len(by_tag)) + b"".join(by_tag[tag] for tag in sorted(by_tag)) + bytes(4))
        file.seek(4)
        file.write(struct.pack("<I", end))


def _directory(info: PictureInfo, at: int) -> bytes:
    """A TIFF directory of EXIF, GPS and XMP, with all that they point to, that begins at that position of a file."""
    block, directory = read_block(result_exif(info)), ImageFileDirectory_v2()
    for tag in (ExifTags.IFD.Exif, ExifTags.IFD.GPSInfo):
        if found := {name: value for name, value in block.get_ifd(tag).items() if name not in _LEFT_OUT}:
            directory[tag] = found
    if info.xmp is not None:
        directory[_XMP_TAG] = info.xmp
    for text in _TEXTS:
        if text in block:
            directory[text] = str(block[text]).strip("\0 ")
    try:
        with quiet_libraries():
            return bytes(directory.tobytes(at))
    except Exception:  # damaged blocks make Pillow raise almost anything, and are as good as none
        return bytes(2)
