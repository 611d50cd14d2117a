"""The one gate for HDR pixels of any file: finite, non-negative, Rec. 709 primaries, float32."""

import numpy as np

from twostage_hdr.errors import InputError
from twostage_hdr.imaging.chromaticities import REC709, Chromaticities, name_of, to_rec709
from twostage_hdr.imaging.pixel_arrays import LinearPixels


def to_rec709_pixels(
    linear: LinearPixels, source: str, chromaticities: Chromaticities = REC709
) -> tuple[LinearPixels, tuple[str, ...]]:
    """Convert linear RGB to Rec. 709 and set what cannot be light (negative values) to 0.

    Args:
        linear: Linear RGB of `chromaticities`.
        source: The file's name, for the error.
        chromaticities: The file's primaries and white; the white is adapted to D65.

    Returns:
        The pixels and a note for each change.

    Raises:
        InputError: NaN or infinite values, with their number.
    """
    broken = linear.size - int(np.isfinite(linear).sum())
    if broken:
        raise InputError(f"{source}: {broken} of {linear.size} values are NaN or infinite; render or export it again")
    notes = []
    name = name_of(chromaticities)
    if name != "Rec. 709":
        linear = linear @ to_rec709(chromaticities).T.astype(np.float32)
        notes.append(f"converted from {name} to Rec. 709")
    lowest = float(linear.min(initial=0))
    if lowest < 0:
        count = int((linear < 0).sum())
        notes.append(f"{count} negative values set to 0 (lowest {lowest:.3g})")
        linear = np.maximum(linear, np.float32(0))
    return np.ascontiguousarray(linear), tuple(notes)
