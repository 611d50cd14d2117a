"""A photograph's own JPEG bytes, to be the base of its Ultra HDR file without loss."""

import io
import re
from pathlib import Path
from typing import NamedTuple

from PIL import Image

from twostage_hdr.boundary.quiet import quiet_libraries
from twostage_hdr.boundary.regular_file import read_bytes
from twostage_hdr.imaging.chromaticities import DISPLAY_P3, REC709, Chromaticities
from twostage_hdr.imaging.colour_profile import opened_profile, profile_name
from twostage_hdr.imaging.pixel_arrays import EXIF_ORIENTATION

_START, _END = b"\xff\xd8", 0xD9
_START_OF_SCAN = 0xDA
_APP0, _APP1, _APP2, _APP14, _APP15, _COMMENT = 0xE0, 0xE1, 0xE2, 0xEE, 0xEF, 0xFE
_MARKER = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")
"""In the scans; stuffed bytes and restart markers are no markers here."""
_ENCODED_AGAIN = "ultrahdr: the photograph's JPEG is encoded again, since {}"


class OwnBase(NamedTuple):
    """The first picture of a JPEG file."""

    jpeg: bytes
    """Without EXIF, XMP, profile and index of pictures, which every result gets anew."""
    profile: bytes | None
    """ICC."""


def own_base(
    source: Path, primaries: Chromaticities, size: tuple[int, ...], *, comments: bool
) -> tuple[OwnBase | None, list[str]]:
    """The bytes of a photograph that can be a base as they are: an upright RGB JPEG of these primaries.

    Args:
        source: the photograph's file.
        primaries: of the result.
        size: width and height of the result, px.
        comments: whether comments, IPTC and the like stay.

    Returns:
        The bytes, or None and a note why a JPEG cannot be used; nothing is said of other files.
    """
    data = read_bytes(source)
    if not data.startswith(_START):
        return None, []
    try:
        with quiet_libraries(), Image.open(io.BytesIO(data)) as image:
            orientation = image.getexif().get(EXIF_ORIENTATION, 1)
            mode, profile, stored = image.mode, image.info.get("icc_profile"), image.size
    except Exception:  # damaged EXIF data, which made Pillow raise almost anything, did not keep it from being read
        return None, [_ENCODED_AGAIN.format("it is damaged")]
    if orientation not in (0, 1):
        return None, [_ENCODED_AGAIN.format("it is turned by its EXIF orientation")]
    if mode != "RGB" or stored != size:
        return None, [_ENCODED_AGAIN.format("it is not RGB")]
    if _base_primaries(profile) != primaries:
        return None, [_ENCODED_AGAIN.format("it has another colour profile")]
    jpeg = _first_picture(data, comments=comments)
    return (None, [_ENCODED_AGAIN.format("it ends early")]) if jpeg is None else (OwnBase(jpeg, profile), [])


def _base_primaries(profile: bytes | None) -> Chromaticities | None:
    """Primaries of a profile with sRGB's curve, by its name; sRGB without a profile, None for all others."""
    if not profile:
        return REC709
    opened = opened_profile(profile)
    name = "" if opened is None else profile_name(opened)
    return REC709 if name.startswith("sRGB") else DISPLAY_P3 if name.startswith("Display P3") else None


def _first_picture(data: bytes, *, comments: bool) -> bytes | None:
    """All segments that matter, and the scans; None if they do not end."""
    kept, at = [_START], len(_START)
    while at + 4 <= len(data) and data[at] == 0xFF and data[at + 1] != _START_OF_SCAN:
        end = at + 2 + int.from_bytes(data[at + 2 : at + 4], "big")
        if _stays(data[at + 1], comments=comments):
            kept.append(data[at:end])
        at = end
    place = at
    while found := _MARKER.search(data, place):
        place = found.end()
        if data[place - 1] == _END:
            return b"".join(kept) + data[at:place]
        place += int.from_bytes(data[place : place + 2], "big")
    return None


def _stays(marker: int, *, comments: bool) -> bool:
    if marker in (_APP1, _APP2):
        return False
    described = marker == _COMMENT or (_APP0 < marker <= _APP15 and marker != _APP14)  # of Adobe: the colour transform
    return comments or not described
