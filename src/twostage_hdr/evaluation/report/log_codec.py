"""HDR pictures for a web page: logarithmic codes, predicted, compressed, as text.

A browser decodes 8 bits per channel at most, so the page carries its own format. Each channel becomes a code of
11 bits, equal steps of log2: 22 stops from 2^-12 to 2^10 times white, 0.75 % a step. Red and blue are kept as
differences to green, each plane is predicted from its upper and left neighbours, and the residuals are deflated.
`decodePicture` in `codec.js` undoes it.
"""

import base64
import zlib

import numpy as np
from jaxtyping import Float, Int, UInt16

from twostage_hdr.radiometry.quantities import LinearRGB

LOWEST_STOP, HIGHEST_STOP = -12.0, 10.0
"""Ends of the code's range, in stops relative to white. Code 0 is shown as black."""

HIGHEST_CODE = 2047
"""11 bits."""


def encode_picture(linear: LinearRGB) -> str:
    """A (3, H, W) relative linear picture as base64 text."""
    red, green, blue = log_codes(linear.detach().cpu().numpy()).astype(np.int32)
    residuals = np.stack([_residual(plane) for plane in (green, red - green, blue - green)])
    # Zigzag, so that small residuals of either sign have an empty high byte.
    folded = ((residuals << 1) ^ (residuals >> 31)).astype(np.uint16)
    planes = (folded >> 8).astype(np.uint8).tobytes() + (folded & 255).astype(np.uint8).tobytes()
    return base64.b64encode(zlib.compress(planes, 9)).decode("ascii")


def log_codes(linear: Float[np.ndarray, "*shape"]) -> UInt16[np.ndarray, "*shape"]:
    """The nearest codes; what lies outside the range takes its end."""
    stops = np.log2(np.maximum(linear, 2.0**LOWEST_STOP))
    share = (stops - LOWEST_STOP) / (HIGHEST_STOP - LOWEST_STOP)
    return np.rint(np.clip(share, 0, 1) * HIGHEST_CODE).astype(np.uint16)


def _residual(plane: Int[np.ndarray, "height width"]) -> Int[np.ndarray, "height width"]:
    """The plane minus its median-edge-detector prediction (outside the image: 0)."""
    padded = np.pad(plane, ((1, 0), (1, 0)))
    left, above, corner = padded[1:, :-1], padded[:-1, 1:], padded[:-1, :-1]
    lower, upper = np.minimum(left, above), np.maximum(left, above)
    predicted = np.where(corner >= upper, lower, np.where(corner <= lower, upper, left + above - corner))
    return plane - predicted
