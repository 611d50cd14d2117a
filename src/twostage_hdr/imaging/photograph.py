"""A photograph with all that it holds: pixels, its own HDR light where it has that, and what it says about itself."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float32

from twostage_hdr.boundary.file_reader import file_reader
from twostage_hdr.boundary.pixel_limit import HDR_BYTES, check_pixels
from twostage_hdr.errors import InputError
from twostage_hdr.imaging.chromaticities import rec709_image, to_primaries
from twostage_hdr.imaging.colour_codes import container, stated_codes
from twostage_hdr.imaging.embedded_gain_map import heif_gain_map, jpeg_gain_map
from twostage_hdr.imaging.exif import NO_INFO, PictureInfo
from twostage_hdr.imaging.hdr_signal import OwnLight, read_hdr_signal
from twostage_hdr.imaging.ldr import read_ldr
from twostage_hdr.imaging.photograph_metadata import read_picture_info
from twostage_hdr.imaging.pixel_arrays import HdrImage, LdrPixels, LinearPixels, PreviewPixels, eight_bits
from twostage_hdr.radiometry.photometry import SDR_WHITE_NITS, WHITE
from twostage_hdr.radiometry.srgb import srgb_decode

JPEGS = (".jpg", ".jpeg")


@dataclass(frozen=True, kw_only=True)
class Photograph:
    """What a file holds.

    Attributes:
        pixels: HxWx3 uint8 or uint16, encoded as sRGB, upright; None of a photograph that has only HDR.
        light: None of an ordinary photograph.
        info: metadata, and the primaries of pixels and light.
        notes: What was changed on the way, in words for the user.
    """

    pixels: LdrPixels | None
    light: OwnLight | None = None
    info: PictureInfo = NO_INFO
    notes: tuple[str, ...] = ()

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width, px."""
        if self.pixels is not None:
            return self.pixels.shape[0], self.pixels.shape[1]
        assert self.light is not None
        return self.light.height, self.light.width

    def eight_bit(self) -> PreviewPixels:
        """The SDR picture in 8 bits."""
        return eight_bits(self.sdr())

    def linear(self) -> LinearPixels:
        """All of its light, 1.0 = SDR white."""
        if self.light is not None:
            return np.concatenate(list(self.light.bands()))
        pixels = self.sdr()
        return _light_of_codes(pixels)[pixels]

    def sdr(self) -> LdrPixels:
        """The pixels; of a photograph that has only HDR its light up to SDR white."""
        if self.pixels is not None:
            return self.pixels
        assert self.light is not None
        return self.light.exposed(np.ones(3, np.float32))


@file_reader("image", "export it again as JPEG, PNG or TIFF")
def read_photograph(path: Path, *, ignore_gain_map: bool = False) -> Photograph:
    """Read a photograph of any format, with its gamut, its HDR and its metadata.

    Args:
        path: the file.
        ignore_gain_map: take it as an ordinary photograph: of one with a gain map the base, of PQ and HLG what lies
            below SDR white.

    Raises:
        InputError: see `read_ldr`.
    """
    light = read_hdr_signal(path)
    if light is not None:
        info = PictureInfo(primaries=light.primaries)
        photograph = Photograph(pixels=None, light=light, info=info, notes=light.notes)
    else:
        image = read_ldr(path, keep_gamut=True)
        photograph = Photograph(pixels=image.pixels, info=PictureInfo(primaries=image.primaries), notes=image.notes)
        if not ignore_gain_map:
            photograph = _with_gain_map(photograph, image.pixels, path)
    if ignore_gain_map:
        photograph = replace(photograph, pixels=photograph.sdr(), light=None)
    info, notes = read_picture_info(path, photograph.info.primaries)
    return replace(photograph, info=info, notes=(*photograph.notes, *notes))


def _with_gain_map(base: Photograph, pixels: LdrPixels, path: Path) -> Photograph:
    try:
        gains = heif_gain_map(path) if container(path) == "HEIC" else jpeg_gain_map(path)
    except InputError:
        raise
    except Exception:  # the photograph is whole without it
        return replace(base, notes=(*base.notes, "damaged or unknown gain map ignored"))
    if gains is None:
        return base
    (height, width), stated, table = base.shape, base.info.primaries, _light_of_codes(pixels)
    primaries = gains.primaries or stated

    def rows(top: int, bottom: int) -> LinearPixels:
        return gains.applied(to_primaries(table[pixels[top:bottom]], stated, primaries), top, height)

    light = OwnLight(kind=gains.kind, height=height, width=width, peak=gains.peak, rows=rows)
    own = pixels if primaries == stated else None
    return replace(base, pixels=own, light=light, info=PictureInfo(primaries=primaries))


def _light_of_codes(pixels: LdrPixels) -> Float32[np.ndarray, " levels"]:
    return srgb_decode(torch.linspace(0, 1, np.iinfo(pixels.dtype).max + 1)).numpy()


@file_reader("HDR image", "fetch or export it again")
def read_own_light(path: Path) -> HdrImage:
    """Read a photograph's own HDR, PQ, HLG or with a gain map, as linear Rec. 709.

    1.0 is 200 cd/m^2 of PQ and HLG, and SDR white (203 cd/m^2) of a base whose gain is applied in full.

    Raises:
        InputError: an ordinary photograph, or see `read_photograph`.
    """
    photograph = read_photograph(path)
    light, primaries = photograph.light, photograph.info.primaries
    if light is None:
        codes = f"colour codes {stated_codes(path)}, neither PQ nor HLG"
        seen = "no Ultra HDR JPEG, or a damaged one" if path.suffix.lower() in JPEGS else codes
        raise InputError(path, seen, "an ordinary photograph goes to reconstruct")
    check_pixels(path, light.width, light.height, HDR_BYTES)
    white = SDR_WHITE_NITS if light.bits is None else WHITE
    stated = f"SDR base with {light.kind}" if light.bits is None else f"{light.kind}, {light.bits} bits"
    linear = photograph.linear() * np.float32(SDR_WHITE_NITS / white)
    return rec709_image(path, linear, stated, primaries=primaries, notes=photograph.notes, white_nits=white)
