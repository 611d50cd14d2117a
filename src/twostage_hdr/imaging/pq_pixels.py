"""Linear pixels as PQ code values of BT.2020 primaries, the signal of HDR displays [itu2100], and back."""

import numpy as np
import torch
from jaxtyping import Float32, UInt16

from twostage_hdr.imaging.chromaticities import REC709, REC2020, Chromaticities, to_primaries
from twostage_hdr.imaging.pixel_arrays import LinearPixels
from twostage_hdr.radiometry.photometry import WHITE
from twostage_hdr.radiometry.pq import pq_encode

PQ_TRANSFER = 16
"""Code of PQ among the transfer characteristics of ITU-T H.273."""
HLG_TRANSFER = 18
"""Code of hybrid log-gamma, the other HDR signal."""
BT2020_PRIMARIES = 9
"""Code of BT.2020 among the colour primaries of ITU-T H.273."""


def to_pq2020(
    linear: LinearPixels, white_nits: float = WHITE, primaries: Chromaticities = REC709
) -> Float32[np.ndarray, "height width 3"]:
    """PQ code values in [0, 1] of BT.2020 primaries; luminances above 10000 cd/m^2 are clipped.

    Args:
        linear: Linear RGB.
        white_nits: Luminance of pixels of (1, 1, 1), cd/m^2.
        primaries: Of `linear`.
    """
    light = to_primaries(linear, primaries, REC2020) * np.float32(white_nits)
    return pq_encode(torch.from_numpy(light).clamp_(min=0)).numpy()


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
