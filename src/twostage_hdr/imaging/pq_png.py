"""PNG of 16 bits, PQ, BT.2020: HDR without loss that browsers show as such [png2025]."""

import struct
from pathlib import Path

import numpy as np
import OpenImageIO
import torch

from twostage_hdr.boundary.file_reader import file_reader
from twostage_hdr.boundary.pixel_limit import HDR_BYTES, check_pixels
from twostage_hdr.imaging.challenge_png import PNG16_MAX, PNG_LEVEL, read_challenge_as_linear
from twostage_hdr.imaging.chromaticities import name_of, to_rec709_pixels
from twostage_hdr.imaging.hdr_signal import read_hdr_signal
from twostage_hdr.imaging.jpeg_segments import SDR_WHITE_NITS
from twostage_hdr.imaging.ldr_png import png_size
from twostage_hdr.imaging.picture_info import NO_INFO, PictureInfo
from twostage_hdr.imaging.pixel_arrays import HdrImage, LinearPixels
from twostage_hdr.imaging.png_chunks import metadata_chunks, put_chunks
from twostage_hdr.imaging.pq_pixels import BT2020_PRIMARIES, PQ_TRANSFER, to_pq2020
from twostage_hdr.imaging.result_format import ResultOptions, RowFormat, Target, pq_peak
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

    def __init__(self, target: Target) -> None:
        spec = OpenImageIO.ImageSpec(target.width, target.height, 3, "uint16")
        spec.attribute("png:compressionLevel", PNG_LEVEL)
        super().__init__(target.path, spec, target.info)
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


def write_pq_png(
    path: str | Path, linear: LinearPixels, *, white_nits: float = WHITE, info: PictureInfo = NO_INFO
) -> None:
    """Write linear pixels as PQ PNG; luminances above 10000 cd/m^2 are clipped.

    Args:
        path: A name ending in .png.
        linear: HxWx3, >= 0.
        white_nits: Luminance of pixels of (1, 1, 1), cd/m^2.
        info: Primaries, EXIF and XMP.
    """
    with PqPngRowWriter(Target.of(path, linear, ResultOptions(white_nits=white_nits), info)) as file:
        file.write_rows(linear)


@file_reader("PNG", "export it again")
def read_hdr_png(path: str | Path) -> HdrImage:
    """Read a PNG of PQ or HLG by its colour codes (1.0 is 200 cd/m^2), one without as the challenge's pair.

    Raises:
        InputError: damaged, neither of them, or of primaries that `read_hdr_signal` does not know.
    """
    path = Path(path)
    check_pixels(path, *png_size(path), HDR_BYTES)
    signal = read_hdr_signal(path)
    if signal is None:
        return read_challenge_as_linear(path)
    linear = signal.light()(0, len(signal.codes)) * np.float32(SDR_WHITE_NITS / WHITE)
    pixels, notes = to_rec709_pixels(linear, str(path), signal.primaries)
    domain = f"{signal.kind}, {8 * signal.codes.itemsize} bits"
    return HdrImage(pixels=pixels, domain=domain, notes=notes, white_nits=WHITE, primaries=name_of(signal.primaries))


PNG = RowFormat(endings=("_pq.png",), open=PqPngRowWriter, largest=pq_peak)
"""16-bit PQ codes of BT.2020, as `cICP` says."""
