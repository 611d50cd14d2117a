"""The gain map of an SDR picture: what to multiply it by to get its HDR twin [iso21496].

HDR = (SDR + offset) 2^gain - offset, in linear light where 1.0 is SDR white, per channel; the map stores
(gain - minimum) / (maximum - minimum) in 8 bits, gamma 1. The channels share minimum and maximum, as readers of the
older XMP form expect single numbers.
"""

import math
import struct
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32, UInt8

from twostage_hdr.imaging.pixel_arrays import LinearPixels

OFFSET = 1 / 64
"""Added to both pictures so that black has a gain; a share of SDR white."""
PEAK_NITS = 10_000.0
SDR_WHITE_NITS = 203.0
"""Luminance of SDR white in an HDR picture (ITU-R BT.2408), cd/m^2."""
_LARGEST_CAPACITY = float(np.log2(PEAK_NITS / SDR_WHITE_NITS))
_SMALLEST_RANGE = 2.0**-10  # keeps a flat map from dividing by zero; far below a visible step
_DENOMINATOR = 1 << 20
_IN_BASE_COLOUR_SPACE = 0x40


@dataclass(frozen=True, kw_only=True)
class GainMap:
    """Gains between an SDR base and its HDR twin.

    Attributes:
        codes: HxWx3, 0 is the minimum and 255 the maximum gain.
        minimum: Smallest gain, stops.
        maximum: Largest gain, stops.
    """

    codes: UInt8[np.ndarray, "height width 3"]
    minimum: float
    maximum: float

    @property
    def capacity(self) -> float:
        """Headroom of a display, in stops above SDR white, from which the whole gain is applied."""
        return min(self.maximum, _LARGEST_CAPACITY) if self.maximum > 0 else 1.0


def gain_map(hdr: LinearPixels, sdr: LinearPixels) -> GainMap:
    """The gain map from a linear SDR picture ([0, 1]) to its linear HDR twin (1.0 = SDR white)."""
    gain = np.log2((hdr + np.float32(OFFSET)) / (sdr + np.float32(OFFSET)))
    # Rounded outwards to what the metadata can hold, so that encoder and decoder use the same numbers.
    minimum = math.floor(float(gain.min()) * _DENOMINATOR) / _DENOMINATOR
    maximum = max(math.ceil(float(gain.max()) * _DENOMINATOR) / _DENOMINATOR, minimum + _SMALLEST_RANGE)
    codes = np.rint((gain - minimum) * (255 / (maximum - minimum))).astype(np.uint8)
    return GainMap(codes=codes, minimum=minimum, maximum=maximum)


def apply_gain_map(sdr: LinearPixels, gains: GainMap) -> Float32[np.ndarray, "height width 3"]:
    """The HDR twin of a linear SDR picture, the gains in full."""
    gain = gains.minimum + gains.codes.astype(np.float32) * ((gains.maximum - gains.minimum) / 255)
    return (sdr + np.float32(OFFSET)) * np.exp2(gain) - np.float32(OFFSET)


def iso_metadata(gains: GainMap) -> bytes:
    """The binary metadata of ISO 21496-1 for the gain-map image."""
    map_gamma, base_headroom = 1.0, 0.0
    values = [base_headroom, gains.capacity, gains.minimum, gains.maximum, map_gamma, OFFSET, OFFSET]
    fractions = b"".join(struct.pack(">iI", round(value * _DENOMINATOR), _DENOMINATOR) for value in values)
    return struct.pack(">HHB", 0, 0, _IN_BASE_COLOUR_SPACE) + fractions
