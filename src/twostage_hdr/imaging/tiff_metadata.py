"""EXIF and XMP put into a finished TIFF."""

import io
import struct
from pathlib import Path

from PIL import ExifTags
from PIL.TiffImagePlugin import ImageFileDirectory_v2

from twostage_hdr.boundary.quiet import quiet_libraries
from twostage_hdr.imaging.exif import result_exif
from twostage_hdr.imaging.picture_info import PictureInfo

_SIGNATURE = b"II*\0"
_BYTE, _LONG = 1, 4  # types of TIFF 6.0
_XMP_TAG = 700
_LEFT_OUT = (ExifTags.Base.MakerNote, ExifTags.Base.ExifInteroperabilityOffset)
"""Full of offsets that hold in the photograph's own block only."""


def put_metadata(path: Path, info: PictureInfo) -> None:
    """Appends the photograph's EXIF and GPS directories and XMP, and a first directory that points to them.

    A file of 4 GB and more (BigTIFF) is left as it is.
    """
    with path.open("r+b") as file:
        if file.read(4) != _SIGNATURE:
            return
        file.seek(*struct.unpack("<I", file.read(4)))
        (count,) = struct.unpack("<H", file.read(2))
        entries = {struct.unpack_from("<H", entry)[0]: entry for entry in (file.read(12) for _ in range(count))}
        end = file.seek(0, io.SEEK_END)
        end += file.write(b"\0" * (end % 2))
        for tag in (ExifTags.IFD.Exif, ExifTags.IFD.GPSInfo):
            if directory := _directory(result_exif(info), tag, end):
                entries[tag] = struct.pack("<HHII", tag, _LONG, 1, end)
                end += file.write(directory + b"\0" * (len(directory) % 2))
        if info.xmp is not None:
            entries[_XMP_TAG] = struct.pack("<HHII", _XMP_TAG, _BYTE, len(info.xmp), end)
            end += file.write(info.xmp + b"\0" * (len(info.xmp) % 2))
        file.write(struct.pack("<H", len(entries)) + b"".join(entries[tag] for tag in sorted(entries)) + bytes(4))
        file.seek(4)
        file.write(struct.pack("<I", end))


def _directory(exif: bytes | None, tag: int, at: int) -> bytes:
    """A directory of the block as little-endian bytes that begin at that position; empty without one, or damaged."""
    try:
        with quiet_libraries():
            block = io.BytesIO(exif or b"")
            head = block.read(8)
            first, stated = ImageFileDirectory_v2(head), ImageFileDirectory_v2(head, group=tag)
            block.seek(first.next)
            first.load(block)
            block.seek(first[tag])
            stated.load(block)
            moved = ImageFileDirectory_v2(_SIGNATURE + bytes(4), group=tag)
            for name, value in stated.items():
                if name not in _LEFT_OUT:
                    moved.tagtype[name] = stated.tagtype[name]
                    moved[name] = value
            return bytes(moved.tobytes(at)) if len(moved) else b""
    except Exception:  # damaged blocks make Pillow raise almost anything, and are as good as none
        return b""
