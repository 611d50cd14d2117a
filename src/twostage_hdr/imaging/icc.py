"""ICC profiles for the files that we write."""

from functools import cache

import imagecodecs

from twostage_hdr.imaging.chromaticities import REC709


@cache
def rec709_profile(gamma: float) -> bytes:
    """An ICC profile of Rec. 709 primaries and value^gamma, so that viewers need not guess."""
    red, green, blue, white = ((*xy, 1.0) for xy in REC709)
    return bytes(imagecodecs.cms_profile("rgb", whitepoint=white, primaries=[*red, *green, *blue], gamma=gamma))
