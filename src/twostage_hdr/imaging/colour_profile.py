"""ICC profiles: bringing a photograph's colours to sRGB, and telling the colours of results."""

import io
import struct
from functools import cache
from typing import NamedTuple

import imagecodecs
import numpy as np
import torch
from PIL import Image, ImageCms

from twostage_hdr.imaging.chromaticities import REC709, Chromaticities, name_of
from twostage_hdr.imaging.pixel_arrays import LdrPixels
from twostage_hdr.radiometry.srgb import srgb_decode

_EXACT = 0x0100

"""Little CMS's "no optimisation": else it takes 16-bit colours from a coarse table, 0.2 % off; 8-bit ones are exact."""


def convert_to_srgb(pixels: LdrPixels, profile: bytes | None) -> tuple[LdrPixels, list[str]]:
    """Convert RGB pixels from an embedded ICC profile to sRGB, at their own bit depth.

    A profile that is not an RGB one (grey, ink) or cannot be parsed is left alone with a note.

    Returns:
        The pixels and a note if there was a profile other than sRGB.
    """
    if not profile:
        return pixels, []
    try:
        opened = ImageCms.ImageCmsProfile(io.BytesIO(profile))
    except (OSError, ImageCms.PyCMSError):
        return pixels, ["damaged colour profile ignored"]
    name = _name(opened)
    space = opened.profile.xcolor_space.strip()
    if name.startswith("sRGB"):
        return pixels, []
    if space != "RGB":
        return pixels, [f"colour profile '{name}' ignored (it describes {space}, not RGB)"]
    converted = imagecodecs.cms_transform(
        np.ascontiguousarray(pixels),
        profile,
        imagecodecs.cms_profile("srgb"),
        colorspace="rgb",
        outcolorspace="rgb",
        flags=_EXACT if pixels.dtype == np.uint16 else None,
    )
    return converted, [f"converted from {name} to sRGB"]


class InkConversion(NamedTuple):
    """From the inks of an embedded profile to sRGB, 8 bits, perceptual."""

    name: str
    """The profile's."""
    transform: ImageCms.ImageCmsTransform

    @classmethod
    def of(cls, profile: bytes | None) -> "InkConversion | None":
        """None without a usable CMYK profile."""
        if not profile:
            return None
        try:
            inks = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            transform = ImageCms.buildTransform(inks, ImageCms.createProfile("sRGB"), "CMYK", "RGB")
        except (OSError, ImageCms.PyCMSError):
            return None
        return cls(_name(inks), transform)

    def apply(self, rows: Image.Image) -> Image.Image:
        """RGB of CMYK."""
        converted = ImageCms.applyTransform(rows, self.transform)
        assert converted is not None  # only a conversion in place gives None
        return converted


def _name(profile: ImageCms.ImageCmsProfile) -> str:
    return (profile.profile.profile_description or "an unnamed profile").strip("\0 \n")


def upright(pixels: np.ndarray, orientation: int) -> tuple[np.ndarray, list[str]]:
    """Turn pixels (height, width, ...) upright by the EXIF orientation 1..8; other values mean "upright".

    Returns:
        A view of the pixels, and a note if it differs from them.
    """
    match orientation:
        case 2:
            turned = pixels[:, ::-1]
        case 3:
            turned = pixels[::-1, ::-1]
        case 4:
            turned = pixels[::-1]
        case 5:
            turned = pixels.swapaxes(0, 1)
        case 6:
            turned = pixels[::-1].swapaxes(0, 1)
        case 7:
            turned = pixels[::-1, ::-1].swapaxes(0, 1)
        case 8:
            turned = pixels[:, ::-1].swapaxes(0, 1)
        case _:
            return pixels, []
    return turned, ["rotated by EXIF orientation"]


_CURVE_POINTS = 256
_UNNAMED = "RGB built-in"
"""What Little CMS calls a profile of stated primaries."""
_MADE = struct.pack(">6H", 2021, 4, 19, 0, 0, 0)
"""A fixed date of creation, so that equal results are equal files."""


@cache
def rgb_profile(primaries: Chromaticities, gamma: float | None = None) -> bytes:
    """An ICC profile of RGB primaries for value^gamma, or for values encoded like sRGB."""
    red, green, blue, white = ((*xy, 1.0) for xy in primaries)
    if gamma is None and primaries == REC709:
        profile = imagecodecs.cms_profile("srgb")
    else:
        codes = torch.linspace(0, 1, _CURVE_POINTS, dtype=torch.float64)
        curve = srgb_decode(codes).mul(65535).round().numpy().astype(np.uint16) if gamma is None else None
        profile = imagecodecs.cms_profile(
            "rgb", whitepoint=white, primaries=[*red, *green, *blue], gamma=gamma, transferfunction=curve
        )
        profile = profile.replace(_described(_UNNAMED), _described(name_of(primaries)[: len(_UNNAMED)]))
    return bytes(profile[:24] + _MADE + profile[36:])


def _described(name: str) -> bytes:
    """A text of at most as many letters as the unnamed profile's, as an ICC description holds it."""
    text = name.encode("utf-16-be")
    return struct.pack(">II", len(text), 28) + text.ljust(2 * len(_UNNAMED), b"\0")  # 28: where it begins
