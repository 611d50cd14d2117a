"""TIFF: linear floating point, or 16 bits encoded like the challenge's PNG."""

import io
import math
import re
import struct
from pathlib import Path
from typing import Literal

import numpy as np
import OpenImageIO
import tifffile
from PIL import ExifTags
from PIL.TiffImagePlugin import ImageFileDirectory_v2

from twostage_hdr.boundary.file_reader import file_reader
from twostage_hdr.boundary.pixel_limit import HDR_BYTES, check_pixels
from twostage_hdr.boundary.quiet import quiet_libraries
from twostage_hdr.errors import InputError
from twostage_hdr.imaging.challenge_png import alignratio_of, positive_scale, quantise
from twostage_hdr.imaging.chromaticities import REC709, name_of, to_rec709_pixels
from twostage_hdr.imaging.colour_profile import profile_primaries, rgb_profile, upright
from twostage_hdr.imaging.exif import read_block, result_exif
from twostage_hdr.imaging.picture_info import NO_INFO, PictureInfo
from twostage_hdr.imaging.pixel_arrays import EXIF_ORIENTATION, EncodedPixels, HdrImage, LinearPixels
from twostage_hdr.imaging.result_format import Result, ResultFormat
from twostage_hdr.imaging.scanline_writer import ScanlineWriter
from twostage_hdr.radiometry.gamma import HDM_GAMMA

_ICC_PROFILE = 34675
_ALIGNRATIO = re.compile(r"gamma 2\.24, alignratio ([0-9.eE+-]+)")


@file_reader("TIFF", "export it as linear RGB of 32-bit floats")
def read_tiff(path: str | Path) -> HdrImage:
    """Read a linear floating-point TIFF, or a 16-bit one whose description states its alignratio.

    The primaries are those of its ICC profile, if `profile_primaries` knows them; its curve does not count.

    Raises:
        InputError: damaged, integers without a stated scale, or a colour model other than grey and RGB.
    """
    path = Path(path)
    with tifffile.TiffFile(path) as file:
        page = file.pages.first
        description, photometric = page.description, page.photometric
        planar = page.planarconfig == tifffile.PLANARCONFIG.SEPARATE and page.samplesperpixel > 1
        check_tiff(path, page)
        stored = page.asarray()
        orientation = int(page.tags.valueof(EXIF_ORIENTATION, default=1))
        primaries = profile_primaries(page.tags.valueof(_ICC_PROFILE)) or REC709
        pages = len(file.pages)
    if photometric not in (tifffile.PHOTOMETRIC.MINISBLACK, tifffile.PHOTOMETRIC.RGB):
        raise InputError(path, f"TIFF with colour model {colour_model(photometric)}", "export it as linear RGB")
    stored = stored[:, :, None] if stored.ndim == 2 else np.moveaxis(stored, 0, -1) if planar else stored
    if stored.ndim != 3 or 0 in stored.shape:
        raise InputError(path, f"TIFF of shape {stored.shape}", "an image of height, width and channels is expected")
    notes = [f"first of {pages} pages used"] if pages > 1 else []
    notes += ["alpha channel dropped"] if stored.shape[2] in (2, 4) else []
    colour = np.repeat(stored[:, :, :1], 3, axis=2) if stored.shape[2] < 3 else stored[:, :, :3]
    linear, domain, alignratio = _to_linear(path, colour, description)
    turned, rotation = upright(linear, orientation)
    pixels, changes = to_rec709_pixels(turned, str(path), primaries)
    notes += [*rotation, *changes]
    return HdrImage(
        pixels=pixels, domain=domain, notes=tuple(notes), alignratio=alignratio, primaries=name_of(primaries)
    )


def check_tiff(path: Path, page: tifffile.TiffPage) -> None:
    """Refuses a page that is too large, its channels and the bits of each counted.

    Raises:
        InputError: see `check_pixels`.
    """
    channels_at_hand = max(1, math.prod(page.shape) // max(page.imagewidth * page.imagelength, 1))
    decoded = channels_at_hand * (page.dtype.itemsize if page.dtype else 1)
    check_pixels(path, page.imagewidth, page.imagelength, max(HDR_BYTES, 2 * decoded))


def colour_model(photometric: int) -> str:
    """The name of a TIFF's colour model, or its number."""
    try:
        return str(tifffile.PHOTOMETRIC(photometric).name)
    except ValueError:
        return str(photometric)


def _to_linear(path: Path, stored: np.ndarray, description: str) -> tuple[np.ndarray, str, float | None]:
    if stored.dtype.kind == "f":
        return stored.astype(np.float32), f"linear {stored.dtype}, TIFF", None
    scale = _ALIGNRATIO.search(description)
    if stored.dtype != np.uint16 or scale is None:
        raise InputError(path, f"{stored.dtype} TIFF without a stated scale", "HDR TIFF holds float values")
    alignratio = positive_scale(scale.group(1), str(path))
    encoded = (stored / alignratio).astype(np.float32)
    return np.power(encoded, np.float32(HDM_GAMMA)), "gamma 2.24, 16-bit TIFF with alignratio", alignratio


class TiffRowWriter(ScanlineWriter):
    """A TIFF written by blocks of rows, with a colour profile.

    Args:
        target: A name ending in .tif or .tiff.
        alignratio: None writes 32-bit linear floats. A scale writes 16-bit integers, round(linear^(1/2.24) *
            alignratio), and the scale into the description, from which `read_tiff` takes it.
    """

    def __init__(self, target: Result, *, alignratio: float | None = None) -> None:
        linear, info = alignratio is None, target.info
        described = {} if linear else {"ImageDescription": f"gamma {HDM_GAMMA}, alignratio {alignratio!r}"}
        attributes = {"compression": "zip", **described}
        super().__init__(target, "float" if linear else "uint16", attributes)
        profile = np.frombuffer(rgb_profile(info.primaries, 1.0 if linear else HDM_GAMMA), np.uint8)
        self._spec.attribute("ICCProfile", OpenImageIO.TypeDesc(f"uint8[{profile.size}]"), profile)
        self._alignratio = alignratio

    def write_rows(self, rows: LinearPixels) -> None:
        """Append rows of linear pixels, (count, width, 3) float32."""
        self.write_samples(rows if self._alignratio is None else quantise(_encode(rows), self._alignratio))

    def complete(self, path: Path) -> None:
        """Adds EXIF and XMP."""
        if self._info.exif is not None or self._info.xmp is not None:
            _put_metadata(path, self._info)


def _encode(linear: LinearPixels) -> EncodedPixels:
    return np.power(np.maximum(linear, 0), np.float32(1 / HDM_GAMMA))


def write_tiff(
    path: str | Path, linear: LinearPixels, *, bits: Literal[16, 32] = 32, info: PictureInfo = NO_INFO
) -> None:
    """Write linear pixels as TIFF: 32-bit floats, or 16-bit integers scaled to their maximum."""
    height, width = linear.shape[:2]
    alignratio = alignratio_of(_encode(linear.max(keepdims=True, axis=(0, 1)))) if bits == 16 else None
    target = Result(paths=[Path(path)], width=width, height=height, info=info)
    with TiffRowWriter(target, alignratio=alignratio) as file:
        file.write_rows(linear)


TIFF = ResultFormat(endings=(".tif",), open=TiffRowWriter, white="lost")
"""Linear 32-bit floats with an ICC profile."""
_LITTLE_ENDIAN = b"II*\0"
_XMP_TAG = 700
_TEXTS = (ExifTags.Base.Make, ExifTags.Base.Model, ExifTags.Base.Artist, ExifTags.Base.Copyright)
_LEFT_OUT = (ExifTags.Base.MakerNote, ExifTags.Base.ExifInteroperabilityOffset)
"""Full of offsets that hold in the photograph's own block only."""


def _put_metadata(path: Path, info: PictureInfo) -> None:
    """Appends the photograph's EXIF and GPS directories and XMP, and a first directory that points to them.

    A file of 4 GB and more (BigTIFF) is left as it is.
    """
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
