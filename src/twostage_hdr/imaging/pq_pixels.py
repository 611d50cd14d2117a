"""Linear Rec. 709 pixels as PQ code values of BT.2020 primaries, the signal of HDR displays [itu2100], and back."""

import numpy as np
import torch
from jaxtyping import Float32

from twostage_hdr.imaging.chromaticities import REC2020, to_rec709
from twostage_hdr.imaging.pixel_arrays import LinearPixels
from twostage_hdr.radiometry.pq import pq_decode, pq_encode

WHITE_NITS = 200.0
"""Luminance of linear 1.0 unless stated, cd/m^2: the project's convention for the white of an LDR frame."""

PQ_TRANSFER = 16
"""Code of PQ among the transfer characteristics of ITU-T H.273."""
HLG_TRANSFER = 18
"""Code of hybrid log-gamma, the other HDR signal."""
BT2020_PRIMARIES = 9
"""Code of BT.2020 among the colour primaries of ITU-T H.273."""


def to_pq2020(linear: LinearPixels, white_nits: float = WHITE_NITS) -> Float32[np.ndarray, "height width 3"]:
    """PQ code values in [0, 1] of BT.2020 primaries; luminances above 10000 cd/m^2 are clipped.

    Args:
        linear: Linear Rec. 709.
        white_nits: Luminance of pixels of (1, 1, 1), cd/m^2.
    """
    matrix = white_nits * np.linalg.inv(to_rec709(REC2020))
    return pq_encode(torch.from_numpy(linear @ matrix.T.astype(np.float32)).clamp_(min=0)).numpy()


def from_pq2020(
    code: Float32[np.ndarray, "height width 3"], white_nits: float = WHITE_NITS
) -> Float32[np.ndarray, "height width 3"]:
    """Linear Rec. 709 of PQ code values of BT.2020 primaries; colours outside Rec. 709 come out negative."""
    matrix = to_rec709(REC2020) / white_nits
    return pq_decode(torch.from_numpy(np.ascontiguousarray(code))).numpy() @ matrix.T.astype(np.float32)
