"""Ultra HDR JPEG: a normal photograph for every viewer, HDR where viewer and display can."""

from xml.etree import ElementTree

import imagecodecs
import numpy as np
import torch

from twostage_hdr.imaging.atomic import atomic_path
from twostage_hdr.imaging.chromaticities import DISPLAY_P3, REC709, Chromaticities, rgb_to_xyz, to_primaries
from twostage_hdr.imaging.colour_profile import rgb_profile
from twostage_hdr.imaging.exif import result_exif
from twostage_hdr.imaging.jpeg_segments import gain_map, join_ultra_hdr
from twostage_hdr.imaging.picture_info import PictureInfo
from twostage_hdr.imaging.pixel_arrays import PreviewPixels
from twostage_hdr.imaging.preview import preview, to_srgb8
from twostage_hdr.imaging.result_format import WholeFormat, WholeResult
from twostage_hdr.imaging.source_jpeg import OwnBase, own_base
from twostage_hdr.radiometry.photometry import PQ_PEAK, SDR_WHITE_NITS
from twostage_hdr.radiometry.srgb import srgb_decode

_LARGEST_EXIF = 65_527  # a segment's 64 KB without its length and name
_LARGEST_XMP = 60_000  # of a segment beside the directory of the pictures
_DESCRIPTION = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}Description"
_SHRINK = {"full": 1, "half": 2, "quarter": 4}


def _write(result: WholeResult) -> list[str]:
    """1.0 is SDR white; pixels of other primaries than Rec. 709 get a base in Display P3."""
    options, stated = result.options, result.info.primaries
    primaries = REC709 if stated == REC709 else DISPLAY_P3
    own: OwnBase | None = None
    notes: list[str] = []
    if result.source is not None and stated == primaries:
        size, comments = (result.width, result.height), not options.strip_metadata
        own, notes = own_base(result.source, primaries, size, comments=comments)
    linear = result.image(primaries)
    if own is None:
        shown = preview(linear) if result.base is None else _shown_in(result.base, stated, primaries)
        own = OwnBase(_jpeg(shown, options.quality), None)
    # Gains refer to what a reader will decode, so that they undo the base's compression errors as well.
    decoded = torch.from_numpy(imagecodecs.jpeg8_decode(own.jpeg)).float().div_(255)
    weights = rgb_to_xyz(primaries)[1] if options.one_channel else None
    gains = gain_map(linear, srgb_decode(decoded).numpy(), shrink=_SHRINK[options.gain_map], weights=weights)
    exif, descriptions, left_out = jpeg_metadata(result.info)
    base, second = (own.jpeg, own.profile or rgb_profile(primaries)), _jpeg(gains.codes, options.quality)
    with atomic_path(result.path) as temporary:
        temporary.write_bytes(join_ultra_hdr(*base, second, gains, exif=exif, descriptions=descriptions))
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


ULTRA_HDR = WholeFormat(
    endings=("_ultrahdr.jpg",),
    write=_write,
    largest=lambda _: (PQ_PEAK / SDR_WHITE_NITS, "Ultra HDR"),
    white="display",
)
"""An ordinary JPEG with a gain map."""
