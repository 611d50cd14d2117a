"""RGB primaries: their names and the way to Rec. 709."""

from collections.abc import Sequence
from typing import NamedTuple, TypeAlias

import numpy as np
from jaxtyping import Float64

from twostage_hdr.errors import InputError
from twostage_hdr.imaging.pixel_arrays import HdrImage, LinearPixels

Matrix: TypeAlias = Float64[np.ndarray, "3 3"]
"""A 3x3 matrix that acts on column vectors."""
D50 = np.array([0.9642, 1.0, 0.8249])
"""White of ICC's profile connection space, XYZ (ICC.1, 7.2.16)."""


class Chromaticities(NamedTuple):
    """CIE 1931 xy of the primaries and the white point, in OpenEXR's order."""

    red: tuple[float, float]
    green: tuple[float, float]
    blue: tuple[float, float]
    white: tuple[float, float]


REC709 = Chromaticities((0.64, 0.33), (0.30, 0.60), (0.15, 0.06), (0.3127, 0.3290))
"""Recommendation ITU-R BT.709, also sRGB."""
REC2020 = Chromaticities((0.708, 0.292), (0.170, 0.797), (0.131, 0.046), (0.3127, 0.3290))
"""Recommendation ITU-R BT.2020 and BT.2100 [itu2100]."""
DISPLAY_P3 = Chromaticities((0.680, 0.320), (0.265, 0.690), (0.150, 0.060), (0.3127, 0.3290))
"""SMPTE EG 432-1 primaries with a D65 white."""
ADOBE_RGB = Chromaticities((0.64, 0.33), (0.21, 0.71), (0.15, 0.06), (0.3127, 0.3290))
"""Adobe RGB (1998)."""
ACES_AP0 = Chromaticities((0.7347, 0.2653), (0.0, 1.0), (0.0001, -0.077), (0.32168, 0.33767))
"""SMPTE ST 2065-1 (ACES)."""
ACES_AP1 = Chromaticities((0.713, 0.293), (0.165, 0.830), (0.128, 0.044), (0.32168, 0.33767))
"""ACEScg."""
_NAMES = {
    "Rec. 709": REC709,
    "Rec. 2020": REC2020,
    "Display P3": DISPLAY_P3,
    "Adobe RGB": ADOBE_RGB,
    "ACES AP0": ACES_AP0,
    "ACEScg AP1": ACES_AP1,
}

PRIMARIES_BY_CODE = {1: REC709, 9: REC2020, 12: DISPLAY_P3}
"""By the colour primaries of ITU-T H.273."""
_NAME_TOLERANCE = 1e-3
_SMALLEST_GAMUT = 1e-4  # twice the area of the triangle in xy; Rec. 709's is 0.22
_BRADFORD = np.array([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]])
"""Sharpened cone responses of the Bradford transform (ICC.1, annex E)."""


def stated_chromaticities(values: Sequence[float], source: str) -> Chromaticities:
    """The primaries that a file states, as eight numbers in the order red, green, blue, white.

    Raises:
        InputError: not eight finite numbers, primaries on a line, or primaries or a white without luminance.
    """
    if len(values) == 8 and np.all(np.isfinite(values)):
        red, green, blue, white = ((float(values[i]), float(values[i + 1])) for i in range(0, 8, 2))
        area = (green[0] - red[0]) * (blue[1] - red[1]) - (green[1] - red[1]) * (blue[0] - red[0])
        if abs(area) > _SMALLEST_GAMUT and 0 not in (red[1], green[1], blue[1]) and white[1] > 0:
            return Chromaticities(red, green, blue, white)
    numbers = ", ".join(f"{value:g}" for value in values)
    raise InputError(source, f"chromaticities ({numbers}) span no colours", "correct or remove them in the file")


def name_of(chromaticities: Chromaticities) -> str:
    """The usual name of a set of primaries, or "unnamed primaries"."""
    for name, known in _NAMES.items():
        if np.allclose(np.ravel(chromaticities), np.ravel(known), atol=_NAME_TOLERANCE):
            return name
    return "unnamed primaries"


def rgb_to_xyz(chromaticities: Chromaticities, white: Float64[np.ndarray, "3"] | None = None) -> Matrix:
    """The matrix from linear RGB to CIE XYZ with Y = 1 for white.

    Args:
        chromaticities: of the RGB.
        white: XYZ of the white that theirs is adapted to by the Bradford transform; None leaves it.

    Raises:
        numpy.linalg.LinAlgError: the primaries lie on a line.
    """
    primaries = np.stack([_xyz(xy) for xy in chromaticities[:3]], axis=1)
    own = _xyz(chromaticities.white)
    matrix = primaries * np.linalg.solve(primaries, own)
    if white is None:
        return matrix
    cones = _BRADFORD @ white / (_BRADFORD @ own)
    return np.linalg.solve(_BRADFORD, cones[:, None] * _BRADFORD) @ matrix


def to_rec709(chromaticities: Chromaticities) -> Matrix:
    """The matrix from linear RGB of these primaries to linear Rec. 709, whites adapted."""
    return np.linalg.solve(rgb_to_xyz(REC709), rgb_to_xyz(chromaticities, _xyz(REC709.white)))


def to_primaries(linear: LinearPixels, stated: Chromaticities, wanted: Chromaticities) -> LinearPixels:
    """Linear RGB of other primaries; what lies outside their gamut is clipped at 0, whites are adapted."""
    if stated == wanted:
        return linear
    matrix = np.linalg.solve(to_rec709(wanted), to_rec709(stated))
    return np.maximum(linear @ matrix.T.astype(np.float32), np.float32(0))


def _xyz(xy: tuple[float, float]) -> Float64[np.ndarray, "3"]:
    x, y = xy
    return np.array([x / y, 1.0, (1 - x - y) / y])


def _check_finite(linear: LinearPixels, source: object) -> None:
    broken = linear.size - int(np.isfinite(linear).sum())
    if broken:
        raise InputError(source, f"{broken} of {linear.size} values are NaN or infinite", "render or export it again")


def rec709_image(
    source: object,
    linear: LinearPixels,
    domain: str,
    *,
    primaries: Chromaticities = REC709,
    notes: Sequence[str] = (),
    white_nits: float | None = None,
) -> HdrImage:
    """What a file holds, as Rec. 709; what cannot be light (negative values) is set to 0.

    Args:
        source: The file, for the error.
        linear: Linear RGB of `primaries`.
        domain: See `HdrImage`, as what follows; a note on each change is added.
        primaries: The file's, and its white, which is adapted to D65.
        notes: On what was changed so far.
        white_nits: Of pixels of (1, 1, 1).

    Raises:
        InputError: NaN or infinite values, with their number.
    """
    _check_finite(linear, source)
    changes, name = [], name_of(primaries)
    if name != "Rec. 709":
        with np.errstate(all="ignore"):
            linear = linear @ to_rec709(primaries).T.astype(np.float32)
        _check_finite(linear, source)
        changes.append(f"converted from {name} to Rec. 709")
    lowest = float(linear.min(initial=0))
    if lowest < 0:
        count = int((linear < 0).sum())
        changes.append(f"{count} negative values set to 0 (lowest {lowest:.3g})")
        linear = np.maximum(linear, np.float32(0))
    pixels = np.ascontiguousarray(linear)
    return HdrImage(pixels=pixels, domain=domain, notes=(*notes, *changes), white_nits=white_nits, primaries=name)
