"""Ultra HDR JPEG: a normal photograph for every viewer, HDR where viewer and display can."""

import io
import re
from pathlib import Path
from xml.etree import ElementTree

import imagecodecs
import numpy as np
import torch
from PIL import Image

from twostage_hdr.boundary.quiet import quiet_libraries
from twostage_hdr.boundary.regular_file import read_bytes
from twostage_hdr.imaging.atomic import atomic_path
from twostage_hdr.imaging.chromaticities import DISPLAY_P3, REC709, Chromaticities, rgb_to_xyz, to_primaries
from twostage_hdr.imaging.colour_profile import opened_profile, profile_name, rgb_profile
from twostage_hdr.imaging.exif import PictureInfo, result_exif
from twostage_hdr.imaging.jpeg_segments import gain_map, join_ultra_hdr
from twostage_hdr.imaging.pixel_arrays import EXIF_ORIENTATION, PreviewPixels
from twostage_hdr.imaging.preview import preview, to_srgb8
from twostage_hdr.imaging.result_format import Result, ResultFormat
from twostage_hdr.radiometry.photometry import PQ_PEAK, SDR_WHITE_NITS
from twostage_hdr.radiometry.srgb import srgb_decode

_LARGEST_EXIF = 65_527  # a segment's 64 KB without its length and name
_LARGEST_XMP = 60_000  # of a segment beside the directory of the pictures
_DESCRIPTION = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}Description"
_START, _END = b"\xff\xd8", 0xD9
_START_OF_SCAN = 0xDA
_APP1, _APP2 = 0xE1, 0xE2
_DESCRIPTIVE = (*range(_APP1, 0xEE), 0xEF, 0xFE)
"""Segments of applications but Adobe's (0xEE), which tells the colour transform, and comments."""
_MARKER = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")
"""In the scans; stuffed bytes and restart markers are no markers here."""
_ENCODED_AGAIN = "ultrahdr: the photograph's JPEG is encoded again, since {}"
_SHRINK = {"full": 1, "half": 2, "quarter": 4}


def own_base(
    source: Path, primaries: Chromaticities, size: tuple[int, ...], *, comments: bool
) -> tuple[bytes | None, bytes | None, list[str]]:
    """The bytes of a photograph that can be a base as they are: an upright RGB JPEG of these primaries.

    They are without EXIF, XMP, profile and index of pictures, which every result gets anew.

    Args:
        source: the photograph's file.
        primaries: of the result.
        size: width and height of the result, px.
        comments: whether comments, IPTC and the like stay.

    Returns:
        The bytes and their ICC profile, or a note why a JPEG cannot be used; nothing is said of other files.
    """
    data = read_bytes(source)
    if not data.startswith(_START):
        return None, None, []
    try:
        with quiet_libraries(), Image.open(io.BytesIO(data)) as image:
            orientation = image.getexif().get(EXIF_ORIENTATION, 1)
            mode, profile, stored = image.mode, image.info.get("icc_profile"), image.size
    except Exception:  # damaged EXIF data, which made Pillow raise almost anything, did not keep it from being read
        return None, None, [_ENCODED_AGAIN.format("it is damaged")]
    if orientation not in (0, 1):
        why = "it is turned by its EXIF orientation"
    elif mode != "RGB" or stored != size:
        why = "it is not RGB"
    elif _base_primaries(profile) != primaries:
        why = "it has another colour profile"
    elif (jpeg := _first_picture(data, comments=comments)) is None:
        why = "it ends early"
    else:
        return jpeg, profile, []
    return None, None, [_ENCODED_AGAIN.format(why)]


def _base_primaries(profile: bytes | None) -> Chromaticities | None:
    """Primaries of a profile with sRGB's curve, by its name; sRGB without a profile, None for all others."""
    if not profile:
        return REC709
    opened = opened_profile(profile)
    name = "" if opened is None else profile_name(opened)
    return REC709 if name.startswith("sRGB") else DISPLAY_P3 if name.startswith("Display P3") else None


def _first_picture(data: bytes, *, comments: bool) -> bytes | None:
    """All segments that matter, and the scans; None if they do not end."""
    dropped = (_APP1, _APP2) if comments else _DESCRIPTIVE
    kept, at = [_START], len(_START)
    while at + 4 <= len(data) and data[at] == 0xFF and data[at + 1] != _START_OF_SCAN:
        end = at + 2 + int.from_bytes(data[at + 2 : at + 4], "big")
        if data[at + 1] not in dropped:
            kept.append(data[at:end])
        at = end
    place = at
    while found := _MARKER.search(data, place):
        place = found.end()
        if data[place - 1] == _END:
            return b"".join(kept) + data[at:place]
        place += int.from_bytes(data[place : place + 2], "big")
    return None


def _write(result: Result) -> list[str]:
    """1.0 is SDR white; pixels of other primaries than Rec. 709 get a base in Display P3."""
    options, stated = result.options, result.info.primaries
    primaries = REC709 if stated == REC709 else DISPLAY_P3
    own: bytes | None = None
    profile: bytes | None = None
    notes: list[str] = []
    if result.source is not None and stated == primaries:
        size, comments = (result.width, result.height), not options.strip_metadata
        own, profile, notes = own_base(result.source, primaries, size, comments=comments)
    linear = result.image(primaries)
    if own is None:
        shown = preview(linear) if result.base is None else _shown_in(result.base, stated, primaries)
        own = _jpeg(shown, options.quality)
    # Gains refer to what a reader will decode, so that they undo the base's compression errors as well.
    decoded = torch.from_numpy(imagecodecs.jpeg8_decode(own)).float().div_(255)
    weights = rgb_to_xyz(primaries)[1] if options.one_channel else None
    gains = gain_map(linear, srgb_decode(decoded).numpy(), shrink=_SHRINK[options.gain_map], weights=weights)
    exif, descriptions, left_out = jpeg_metadata(result.info)
    profile, second = profile or rgb_profile(primaries), _jpeg(gains.codes, options.quality)
    with atomic_path(result.path) as temporary:
        temporary.write_bytes(join_ultra_hdr(own, profile, second, gains, exif=exif, descriptions=descriptions))
    return [*notes, *left_out]


def jpeg_metadata(info: PictureInfo) -> tuple[bytes | None, str, list[str]]:
    """EXIF, and the rdf:Description elements of XMP with their namespaces, as far as segments hold them, and notes."""
    notes = []
    exif, descriptions = result_exif(info), ""
    if exif is not None and len(exif) > _LARGEST_EXIF:
        exif = None
        notes.append("EXIF left out of the JPEG, which holds 64 KB of it")
    if info.xmp is not None:
        try:
            found = ElementTree.fromstring(info.xmp.strip(b"\0 \r\n\t")).iter(_DESCRIPTION)
            descriptions = "".join(ElementTree.tostring(description, encoding="unicode") for description in found)
        except (ElementTree.ParseError, ValueError):
            notes.append("damaged XMP left out of the JPEG")
    if len(descriptions.encode()) > _LARGEST_XMP:
        descriptions = ""
        notes.append("XMP left out of the JPEG, which holds 64 KB of it")
    return exif, descriptions, notes


def _shown_in(base: PreviewPixels, stated: Chromaticities, wanted: Chromaticities) -> PreviewPixels:
    if stated == wanted:
        return base
    return to_srgb8(to_primaries(srgb_decode(torch.from_numpy(base).float() / 255).numpy(), stated, wanted))


def _jpeg(pixels: np.ndarray, quality: int) -> bytes:
    return bytes(imagecodecs.jpeg8_encode(np.ascontiguousarray(pixels), level=quality, subsampling="444"))


ULTRA_HDR = ResultFormat(
    endings=("_ultrahdr.jpg",),
    write=_write,
    largest=lambda _: (PQ_PEAK / SDR_WHITE_NITS, "Ultra HDR"),
    white="display",
)
"""An ordinary JPEG with a gain map."""
