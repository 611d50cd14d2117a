"""Names for the arrays that files are read into and written from."""

from typing import TypeAlias

import numpy as np
from jaxtyping import Float32, UInt8, UInt16

LdrPixels: TypeAlias = UInt8[np.ndarray, "height width 3"] | UInt16[np.ndarray, "height width 3"]
"""An ordinary photograph: display-encoded RGB, sRGB/Rec. 709 primaries, full integer range."""

LinearPixels: TypeAlias = Float32[np.ndarray, "height width 3"]
"""Linear RGB, Rec. 709 primaries, >= 0, relative scale: 1.0 is the white of the LDR frame where there is one."""

EncodedPixels: TypeAlias = Float32[np.ndarray, "height width 3"]
"""RGB encoded with gamma 2.24, >= 0; 1.0 is the clipping point of the LDR frame; may exceed 1."""

PreviewPixels: TypeAlias = UInt8[np.ndarray, "height width 3"]
"""Eight-bit sRGB, ready for any screen."""
