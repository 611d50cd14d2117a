"""PNG of 16 bits, PQ, BT.2020: HDR without loss that browsers show as such [png2025]."""

import struct
from contextlib import AbstractContextManager
from pathlib import Path

import numpy as np
import torch

from twostage_hdr.imaging.challenge_png import PNG16_MAX, PNG_ATTRIBUTES
from twostage_hdr.imaging.pixel_arrays import LinearPixels
from twostage_hdr.imaging.png_chunks import metadata_chunks, put_chunks
from twostage_hdr.imaging.pq_pixels import BT2020_PRIMARIES, PQ_TRANSFER, to_pq2020
from twostage_hdr.imaging.result_format import Result, ResultFormat, WriteRows, pq_peak
from twostage_hdr.imaging.scanline_writer import scanline_writer
from twostage_hdr.radiometry.photometry import WHITE
from twostage_hdr.radiometry.pq import pq_decode

_CICP = bytes((BT2020_PRIMARIES, PQ_TRANSFER, 0, 1))  # RGB, full range
_OLDER_COLOUR_CHUNKS = (b"sRGB", b"gAMA", b"cHRM", b"iCCP")
"""What the library may write, and cICP contradicts."""
_LIGHT_LEVEL_UNIT = 0.0001
"""cd/m^2, of the chunk cLLI."""


def _open(result: Result) -> AbstractContextManager[WriteRows]:
    """Of the options it takes `white_nits`."""
    brightest: list[float] = []
    sums: list[float] = []

    def encode(rows: LinearPixels) -> np.ndarray:
        codes = to_pq2020(rows, result.options.white_nits or WHITE, result.info.primaries)
        largest = pq_decode(torch.from_numpy(codes.max(axis=-1)))  # of each pixel's channels, as CTA-861.3 counts
        brightest.append(float(largest.max()))
        sums.append(float(largest.double().sum()))
        return np.rint(codes * PNG16_MAX).astype(np.uint16)

    def complete(path: Path) -> None:
        stated = max(brightest), sum(sums) / (result.width * result.height)
        levels = struct.pack(">II", *(round(level / _LIGHT_LEVEL_UNIT) for level in stated))
        chunks = {b"cICP": _CICP, b"cLLI": levels, **metadata_chunks(result.info)}
        put_chunks(path, chunks, instead_of=_OLDER_COLOUR_CHUNKS)

    return scanline_writer(result, "uint16", PNG_ATTRIBUTES, encode=encode, complete=complete)


PNG = ResultFormat(endings=("_pq.png",), open=_open, largest=pq_peak)
"""16-bit PQ codes of BT.2020, as `cICP` says."""
