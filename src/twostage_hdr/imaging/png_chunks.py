"""Chunks put into a finished PNG: colour codes, EXIF, XMP."""

import shutil
import struct
import zlib
from collections.abc import Collection, Mapping
from pathlib import Path

from twostage_hdr.imaging.atomic import rewritten
from twostage_hdr.imaging.exif import PictureInfo, result_exif

_HEADER_ENDS = 33  # bytes of the signature and IHDR
_XMP = b"XML:com.adobe.xmp\0\0\0\0\0"
"""Keyword of the text chunk, not compressed, neither language nor translated keyword."""
_FILE_DATE = b"tIME"
"""When a PNG was changed: the library gives it the photograph's date, which belongs into EXIF alone."""


def metadata_chunks(info: PictureInfo) -> dict[bytes, bytes]:
    """EXIF and XMP as PNG holds them; empty where there are none."""
    exif = result_exif(info)
    return ({} if exif is None else {b"eXIf": exif}) | ({} if info.xmp is None else {b"iTXt": _XMP + info.xmp})


def put_chunks(path: Path, chunks: Mapping[bytes, bytes], *, instead_of: Collection[bytes] = ()) -> None:
    """Rewrites a PNG with these chunks right after its header.

    Args:
        path: the PNG.
        chunks: bodies by name; chunks of the same name that were there before the pixels are dropped.
        instead_of: further chunks to drop.
    """
    dropped = {*chunks, *instead_of, _FILE_DATE}
    with rewritten(path) as (old, new):
        new.write(old.read(_HEADER_ENDS))
        for name, body in chunks.items():
            new.write(struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body)))
        while (head := old.read(8))[4:] != b"IDAT":
            rest = old.read(int.from_bytes(head[:4], "big") + 4)  # with the check sum
            new.write(b"" if head[4:] in dropped else head + rest)
        new.write(head)
        shutil.copyfileobj(old, new)
