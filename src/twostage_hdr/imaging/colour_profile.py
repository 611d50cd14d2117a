"""ICC profiles: bringing a photograph's colours to sRGB or to its curve alone, and telling the colours of results."""

import io
import struct
from functools import cache

import imagecodecs
import numpy as np
import torch
from jaxtyping import UInt8
from PIL import Image, ImageCms

from twostage_hdr.imaging.chromaticities import (
    ADOBE_RGB,
    D50,
    DISPLAY_P3,
    REC709,
    REC2020,
    Chromaticities,
    Matrix,
    name_of,
    rgb_to_xyz,
)
from twostage_hdr.imaging.pixel_arrays import EXIF_ORIENTATION, LdrPixels
from twostage_hdr.radiometry.srgb import srgb_decode

_SAME_PRIMARIES = 0.005  # of X, Y and Z; encoders round, and the closest two spaces differ by 0.06
_OUTSIDE = -0.01  # a share of a Rec. 709 primary from which a profile's own is outside Rec. 709
_KNOWN = (REC709, DISPLAY_P3, REC2020, ADOBE_RGB)
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
    opened = opened_profile(profile)
    if opened is None:
        return pixels, ["damaged colour profile ignored"]
    name = profile_name(opened)
    space = opened.profile.xcolor_space.strip()
    if name.startswith("sRGB"):
        return pixels, []
    if space != "RGB":
        return pixels, [f"colour profile '{name}' ignored (it describes {space}, not RGB)"]
    converted = _transformed(pixels, profile, imagecodecs.cms_profile("srgb"), pixels.dtype.type)
    return converted, [f"converted from {name} to sRGB"]


def to_srgb_curve(
    pixels: LdrPixels, profile: bytes | None, stated: Chromaticities = REC709
) -> tuple[LdrPixels, Chromaticities, list[str]]:
    """Encode RGB pixels as sRGB does, in primaries that hold the gamut of their embedded ICC profile.

    Without a profile they have the stated primaries.

    Display P3, Rec. 2020 and Adobe RGB keep their own channels, since it is in them that a light is clipped; other wide
    gamuts become Rec. 2020, the rest Rec. 709. What has to be encoded anew for that has 16 bits.

    Returns:
        The pixels, their primaries, and a note if there was a profile other than sRGB.
    """
    if not profile and stated != REC709:
        return pixels, stated, [f"gamut of {name_of(stated)} kept"]
    own, colorants = profile_primaries(profile), _colorants(profile)
    wide = colorants is not None and np.linalg.solve(rgb_to_xyz(REC709, D50), colorants).min() < _OUTSIDE
    if profile is None or own == REC709 or (own is None and not wide):
        converted, notes = convert_to_srgb(pixels, profile)
        return converted, REC709, notes
    primaries = own or REC2020
    target = rgb_profile(primaries)
    greys = np.arange(256, dtype=np.uint8).repeat(3).reshape(1, 256, 3)
    if own is not None and np.abs(_transformed(greys, profile, target, np.uint8).astype(int) - greys).max() <= 1:
        return pixels, primaries, [f"gamut of {name_of(primaries)} kept"]
    return (
        _transformed(pixels, profile, target, np.uint16),
        primaries,
        [f"gamut of {name_of(primaries)} kept" if own else f"converted to {name_of(primaries)}"],
    )


def profile_primaries(profile: bytes | None) -> Chromaticities | None:
    """The primaries of an RGB profile if they are Rec. 709, Display P3, Rec. 2020 or Adobe RGB."""
    colorants = _colorants(profile)
    if colorants is None:
        return None
    near = (known for known in _KNOWN if np.abs(rgb_to_xyz(known, D50) - colorants).max() < _SAME_PRIMARIES)
    return next(near, None)


def _colorants(profile: bytes | None) -> Matrix | None:
    """From linear RGB of a profile of primaries and curves to its XYZ, whose white is D50."""
    stated = opened_profile(profile)
    if stated is None:
        return None
    opened = stated.profile
    columns = [column for column in (opened.red_colorant, opened.green_colorant, opened.blue_colorant) if column]
    if opened.xcolor_space.strip() != "RGB" or not opened.is_matrix_shaper or len(columns) < 3:
        return None
    return np.array([xyz for xyz, _ in columns]).T


def _transformed(pixels: np.ndarray, profile: bytes, target: bytes, dtype: type, space: str = "rgb") -> LdrPixels:
    converted: LdrPixels = imagecodecs.cms_transform(
        np.ascontiguousarray(pixels),
        profile,
        target,
        colorspace=space,
        outcolorspace="rgb",
        outdtype=dtype,
        flags=_EXACT if np.uint16 in (pixels.dtype, dtype) else None,
    )
    return converted


def inks_to_srgb(inks: UInt8[np.ndarray, "height width 4"], profile: bytes | None) -> tuple[LdrPixels, str] | None:
    """CMYK of an embedded profile as sRGB, perceptual, with a note; None without a usable profile."""
    opened = opened_profile(profile)
    if opened is None or opened.profile.xcolor_space.strip() != "CMYK":
        return None
    assert profile is not None
    converted = _transformed(inks, profile, imagecodecs.cms_profile("srgb"), np.uint8, "cmyk")
    return converted, f"converted from {profile_name(opened)} to sRGB"


def opened_profile(profile: bytes | None) -> ImageCms.ImageCmsProfile | None:
    """The profile; None for a damaged one, or none."""
    try:
        return ImageCms.ImageCmsProfile(io.BytesIO(profile or b""))
    except (OSError, ImageCms.PyCMSError):
        return None


def profile_name(profile: ImageCms.ImageCmsProfile) -> str:
    """Its description."""
    return (profile.profile.profile_description or "an unnamed profile").strip("\0 \n")


def orientation_of(image: Image.Image) -> int:
    """EXIF's orientation, 1 to 8; 1 if there is none, or where the EXIF data are damaged."""
    if image.format == "PNG":
        image.load()  # since EXIF data may lie behind the pixels, whose damage is another matter
    try:
        return int(image.getexif().get(EXIF_ORIENTATION, 1))
    except Exception:  # damaged EXIF data make the reader raise almost anything
        return 1


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
