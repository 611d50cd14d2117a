"""Ultra HDR JPEG: a normal photograph for every viewer, HDR where viewer and display can."""

import imagecodecs
import numpy as np
import torch

from twostage_hdr.imaging.atomic import atomic_path
from twostage_hdr.imaging.chromaticities import DISPLAY_P3, REC709, Chromaticities, rgb_to_xyz, to_primaries
from twostage_hdr.imaging.colour_profile import rgb_profile
from twostage_hdr.imaging.jpeg_metadata import jpeg_metadata
from twostage_hdr.imaging.jpeg_segments import SDR_WHITE_NITS, gain_map, join_ultra_hdr
from twostage_hdr.imaging.pixel_arrays import PreviewPixels
from twostage_hdr.imaging.preview import preview, to_srgb8
from twostage_hdr.imaging.result_format import WholeFormat, WholeResult
from twostage_hdr.imaging.source_jpeg import OwnBase, own_base
from twostage_hdr.radiometry.photometry import PQ_PEAK
from twostage_hdr.radiometry.srgb import srgb_decode

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
    metadata = jpeg_metadata(result.info)
    profile = own.profile or rgb_profile(primaries)
    with atomic_path(result.path) as temporary:
        temporary.write_bytes(join_ultra_hdr(own.jpeg, profile, _jpeg(gains.codes, options.quality), gains, metadata))
    return [*notes, *metadata.notes]


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
