"""Ultra HDR JPEG: a normal photograph for every viewer, HDR where viewer and display can."""

import io
import re
from pathlib import Path

import imagecodecs
import numpy as np
import torch
from PIL import Image

from twostage_hdr.boundary.file_reader import file_reader
from twostage_hdr.boundary.pixel_limit import HDR_BYTES, check_pixels
from twostage_hdr.boundary.regular_file import read_bytes
from twostage_hdr.errors import InputError
from twostage_hdr.imaging.atomic import atomic_path
from twostage_hdr.imaging.chromaticities import (
    DISPLAY_P3,
    REC709,
    Chromaticities,
    name_of,
    rgb_to_xyz,
    to_primaries,
    to_rec709_pixels,
)
from twostage_hdr.imaging.colour_profile import rgb_profile, upright
from twostage_hdr.imaging.embedded_gain_map import shown_primaries
from twostage_hdr.imaging.jpeg_metadata import jpeg_metadata
from twostage_hdr.imaging.jpeg_segments import SDR_WHITE_NITS, gain_map, join_ultra_hdr
from twostage_hdr.imaging.picture_info import NO_INFO, PictureInfo
from twostage_hdr.imaging.pixel_arrays import EXIF_ORIENTATION, HdrImage, LinearPixels, PreviewPixels
from twostage_hdr.imaging.preview import preview, to_srgb8
from twostage_hdr.imaging.result_format import GainMapSize, WholeFormat, WholeResult
from twostage_hdr.imaging.source_jpeg import OwnBase, own_base
from twostage_hdr.radiometry.photometry import PQ_PEAK
from twostage_hdr.radiometry.srgb import srgb_decode

_SHRINK = {"full": 1, "half": 2, "quarter": 4}


def write_ultra_hdr(
    path: str | Path,
    linear: LinearPixels,
    *,
    base: PreviewPixels | None = None,
    source: Path | None = None,
    quality: int = 95,
    gain_map_size: GainMapSize = "full",
    one_channel: bool = False,
    info: PictureInfo = NO_INFO,
    comments: bool = True,
) -> list[str]:
    """Write linear pixels as Ultra HDR JPEG; those of other primaries than Rec. 709 with a base in Display P3.

    Args:
        path: A name ending in .jpg.
        linear: HxWx3, >= 0; 1.0 is SDR white, which a screen shows at the brightness of a white page.
        base: The picture for ordinary viewers, encoded like sRGB, of the same size and primaries: the photograph
            itself if there is one; None tone maps the HDR image.
        source: The photograph's file: an upright JPEG in sRGB or Display P3 becomes the base byte by byte.
        quality: JPEG quality of base and gain map, 1 to 100.
        gain_map_size: Side of the gain map, as a share of the picture's.
        one_channel: Whether the gain map holds the luminance's gain alone, instead of one of each channel.
        info: Primaries, EXIF and XMP.
        comments: Whether comments, IPTC and the like of `source` stay.

    Returns:
        Notes for the user.
    """
    primaries = REC709 if info.primaries == REC709 else DISPLAY_P3
    own: OwnBase | None = None
    notes: list[str] = []
    if source is not None and info.primaries == primaries:
        own, notes = own_base(source, primaries, linear.shape[1::-1], comments=comments)
    linear = to_primaries(linear, info.primaries, primaries)
    if own is None:
        shown = preview(linear) if base is None else _shown_in(base, info.primaries, primaries)
        own = OwnBase(_jpeg(shown, quality), None)
    # Gains refer to what a reader will decode, so that they undo the base's compression errors as well.
    decoded = torch.from_numpy(imagecodecs.jpeg8_decode(own.jpeg)).float().div_(255)
    weights = rgb_to_xyz(primaries)[1] if one_channel else None
    gains = gain_map(linear, srgb_decode(decoded).numpy(), shrink=_SHRINK[gain_map_size], weights=weights)
    metadata = jpeg_metadata(info)
    profile = own.profile or rgb_profile(primaries)
    with atomic_path(path) as temporary:
        temporary.write_bytes(join_ultra_hdr(own.jpeg, profile, _jpeg(gains.codes, quality), gains, metadata))
    return [*notes, *metadata.notes]


def _shown_in(base: PreviewPixels, stated: Chromaticities, wanted: Chromaticities) -> PreviewPixels:
    if stated == wanted:
        return base
    return to_srgb8(to_primaries(srgb_decode(torch.from_numpy(base).float() / 255).numpy(), stated, wanted))


def _jpeg(pixels: np.ndarray, quality: int) -> bytes:
    return bytes(imagecodecs.jpeg8_encode(np.ascontiguousarray(pixels), level=quality, subsampling="444"))


def _write(result: WholeResult) -> list[str]:
    options = result.options
    return write_ultra_hdr(
        result.path,
        result.image(),
        base=result.base,
        source=result.source,
        quality=options.quality,
        gain_map_size=options.gain_map,
        one_channel=options.one_channel,
        info=result.info,
        comments=not options.strip_metadata,
    )


ULTRA_HDR = WholeFormat(
    endings=("_ultrahdr.jpg",),
    write=_write,
    largest=lambda _: (PQ_PEAK / SDR_WHITE_NITS, "Ultra HDR"),
    white="display",
)
"""An ordinary JPEG with a gain map."""


@file_reader("Ultra HDR JPEG", "an ordinary photograph goes to reconstruct")
def read_ultra_hdr(path: str | Path) -> HdrImage:
    """Read an Ultra HDR JPEG as linear Rec. 709, the gain applied in full; 1.0 is SDR white (203 cd/m^2).

    The decoder clips at 10000 cd/m^2, which is 49.3.

    Raises:
        InputError: damaged, or a JPEG without a gain map.
    """
    path = Path(path)
    data = read_bytes(path)
    for width, height in frame_sizes(data):
        check_pixels(path, width, height, HDR_BYTES)
    try:
        linear = imagecodecs.ultrahdr_decode(data)[:, :, :3].astype(np.float32)
    except imagecodecs.UltrahdrError as error:
        raise InputError(
            path, f"no Ultra HDR JPEG, or a damaged one ({error})", "an ordinary photograph goes to reconstruct"
        ) from error
    with Image.open(io.BytesIO(data), formats=("JPEG",)) as image:
        orientation = image.getexif().get(EXIF_ORIENTATION, 1)
    primaries = shown_primaries(data)
    pixels, notes = to_rec709_pixels(linear, str(path), primaries)
    turned, rotation = upright(pixels, orientation)
    return HdrImage(
        pixels=np.ascontiguousarray(turned),
        domain="SDR base with gain map, Ultra HDR JPEG",
        notes=(*notes, *rotation),
        white_nits=SDR_WHITE_NITS,
        primaries=name_of(primaries),
    )


def frame_sizes(data: bytes) -> list[tuple[int, int]]:
    """Width and height in px of every JPEG image in the data: base, gain map, thumbnails."""
    found = re.finditer(rb"\xff[\xc0-\xc3\xc5-\xc7\xc9-\xcb\xcd-\xcf]\x00[\x0b\x11]\x08(..)(..)", data, re.DOTALL)
    return [(int.from_bytes(frame[2], "big"), int.from_bytes(frame[1], "big")) for frame in found]
