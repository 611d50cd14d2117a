"""PNG of 16 bits, PQ, BT.2020: HDR without loss that browsers show as such [png2025]."""

import struct
from pathlib import Path

import numpy as np
import torch

from twostage_hdr.imaging.challenge_png import PNG16_MAX, PNG_LEVEL
from twostage_hdr.imaging.pixel_arrays import LinearPixels
from twostage_hdr.imaging.png_chunks import metadata_chunks, put_chunks
from twostage_hdr.imaging.pq_pixels import BT2020_PRIMARIES, PQ_TRANSFER, to_pq2020
from twostage_hdr.imaging.result_format import Result, ResultFormat, pq_peak
from twostage_hdr.imaging.scanline_writer import ScanlineWriter
from twostage_hdr.radiometry.photometry import WHITE
from twostage_hdr.radiometry.pq import pq_decode

_CICP = bytes((BT2020_PRIMARIES, PQ_TRANSFER, 0, 1))  # RGB, full range
_OLDER_COLOUR_CHUNKS = (b"sRGB", b"gAMA", b"cHRM", b"iCCP")
"""What the library may write, and cICP contradicts."""
_LIGHT_LEVEL_UNIT = 0.0001
"""cd/m^2, of the chunk cLLI."""


class PqPngRowWriter(ScanlineWriter):
    """A PQ PNG written by blocks of rows; of the options it takes `white_nits`."""

    def __init__(self, target: Result) -> None:
        super().__init__(target, "uint16", {"png:compressionLevel": PNG_LEVEL})
        self._white_nits = target.options.white_nits or WHITE
        self._brightest, self._sum = 0.0, 0.0

    def write_rows(self, rows: LinearPixels) -> None:
        """Append rows of linear pixels, (count, width, 3) float32."""
        codes = to_pq2020(rows, self._white_nits, self._info.primaries)
        largest = pq_decode(torch.from_numpy(codes.max(axis=-1)))  # of each pixel's channels, as CTA-861.3 counts
        self._brightest = max(self._brightest, float(largest.max()))
        self._sum += float(largest.double().sum())
        self.write_samples(np.rint(codes * PNG16_MAX).astype(np.uint16))

    def complete(self, path: Path) -> None:
        """Adds colour codes, the brightest and the mean light level, EXIF and XMP."""
        mean = self._sum / (self._spec.width * self._spec.height)
        levels = struct.pack(">II", *(round(level / _LIGHT_LEVEL_UNIT) for level in (self._brightest, mean)))
        chunks = {b"cICP": _CICP, b"cLLI": levels, **metadata_chunks(self._info)}
        put_chunks(path, chunks, instead_of=_OLDER_COLOUR_CHUNKS)


PNG = ResultFormat(endings=("_pq.png",), open=PqPngRowWriter, largest=pq_peak)
"""16-bit PQ codes of BT.2020, as `cICP` says."""
