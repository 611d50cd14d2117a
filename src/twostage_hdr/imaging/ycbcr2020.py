"""R'G'B' of BT.2020 as the Y'CbCr planes that video encoders take: 10 bits, narrow range, 4:2:0 [itu2100]."""

import numpy as np
from jaxtyping import Float32, UInt16

KR, KB = 0.2627, 0.0593
"""Weights of red and blue in the luma of non-constant-luminance BT.2020 [itu2100]."""
_BLACK, _LUMA_SPAN, _NEUTRAL, _CHROMA_SPAN = 64, 876, 512, 896  # 10-bit narrow range [itu2100]


def ycbcr420(code: Float32[np.ndarray, "height width 3"]) -> UInt16[np.ndarray, "lines width"]:
    """Planes Y, Cb and Cr of a picture, one after the other (height * 3 / 2 lines), as FFmpeg lays out yuv420p10.

    A chroma sample lies on the left luma sample of its pair, between the two lines, as H.265 assumes unless told.

    Args:
        code: non-linear R'G'B' in [0, 1]; height and width even.
    """
    width = code.shape[1]
    luma = code @ np.array([KR, 1 - KR - KB, KB], np.float32)
    blue = (code[..., 2] - luma) / np.float32(2 * (1 - KB))
    red = (code[..., 0] - luma) / np.float32(2 * (1 - KR))
    planes = [_BLACK + _LUMA_SPAN * luma, *(_NEUTRAL + _CHROMA_SPAN * _halved(plane) for plane in (blue, red))]
    return np.rint(np.concatenate([plane.ravel() for plane in planes])).astype(np.uint16).reshape(-1, width)


def _halved(plane: Float32[np.ndarray, "height width"]) -> Float32[np.ndarray, "lines columns"]:
    """Every second sample of (1, 2, 1) / 4 along the lines, the mean of every two lines."""
    lines = (plane[::2] + plane[1::2]) / 2
    left = np.concatenate([lines[:, :1], lines[:, 1:-1:2]], axis=1)
    return (left + 2 * lines[:, ::2] + lines[:, 1::2]) / 4
