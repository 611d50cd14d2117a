"""A plain 8-bit picture of a linear HDR image, for comparing and for looking at."""

import cv2
import numpy as np
from jaxtyping import Float, UInt8
from torch import Tensor

from twostage_hdr.radiometry.gamma import HDM_GAMMA

_WHITE_PERCENTILE = 95.0
_LARGEST_WIDTH = 480
_SAMPLES = 100_000


def exposed_picture(linear: Float[Tensor, "3 height width"]) -> UInt8[np.ndarray, "rows columns 3"]:
    """The image exposed so that 5 % of it clips, encoded with gamma 2.24, at most 480 px wide.

    Args:
        linear: relative linear RGB >= 0.
    """
    pixels = np.ascontiguousarray(linear.permute(1, 2, 0).numpy())
    brightest = pixels.max(axis=2).ravel()
    white = float(np.percentile(brightest[:: max(1, brightest.size // _SAMPLES)], _WHITE_PERCENTILE))
    exposed = np.minimum(pixels / np.float32(white if white > 0 else 1.0), 1)
    height, width = exposed.shape[:2]
    if width > _LARGEST_WIDTH:
        size = (_LARGEST_WIDTH, max(1, round(height * _LARGEST_WIDTH / width)))
        exposed = cv2.resize(exposed, size, interpolation=cv2.INTER_AREA)
    return np.rint(255 * np.power(exposed, np.float32(1 / HDM_GAMMA))).astype(np.uint8)
