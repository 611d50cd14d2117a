"""JPEG XL with PQ and BT.2020 primaries: HDR for viewers that know the format."""

from pathlib import Path

import numpy as np
import OpenImageIO

from twostage_hdr.boundary.file_reader import file_reader
from twostage_hdr.boundary.pixel_limit import HDR_BYTES, check_pixels
from twostage_hdr.errors import InputError
from twostage_hdr.imaging.chromaticities import to_rec709_pixels
from twostage_hdr.imaging.pixel_arrays import HdrImage, LinearPixels
from twostage_hdr.imaging.pq_pixels import BT2020_PRIMARIES, PQ_TRANSFER, from_pq2020, to_pq2020
from twostage_hdr.imaging.scanline_writer import ScanlineWriter
from twostage_hdr.radiometry.photometry import WHITE

_CURE = "fetch or export it again"
_CONTAINER, _CODESTREAM = b"\0\0\0\x0cJXL \r\n\x87\n", b"\xff\x0a"  # how a file begins (ISO 18181-2)
_CICP = (BT2020_PRIMARIES, PQ_TRANSFER, 0, 1)
_LINEAR_REC709 = (1, 8)
_MAX16 = 65535


def write_jpegxl(path: str | Path, linear: LinearPixels, *, white_nits: float = WHITE, quality: int = 95) -> None:
    """Write linear Rec. 709 pixels as PQ JPEG XL of 16 bits.

    Args:
        path: A name ending in .jxl.
        linear: HxWx3, >= 0; luminances above 10000 cd/m^2 are clipped.
        white_nits: Luminance of pixels of (1, 1, 1), cd/m^2.
        quality: 1 to 100; 100 is lossless (of the 16-bit codes).
    """
    height, width = linear.shape[:2]
    spec = OpenImageIO.ImageSpec(width, height, 3, "uint16")
    spec.attribute("CICP", OpenImageIO.TypeDesc("int[4]"), _CICP)
    spec.attribute("compression", f"jpegxl:{quality}")
    with ScanlineWriter(path, spec) as file:
        file.write_samples(np.rint(to_pq2020(linear, white_nits) * _MAX16).astype(np.uint16))


@file_reader("JPEG XL", _CURE)
def read_jpegxl(path: str | Path) -> HdrImage:
    """Read a JPEG XL of PQ, BT.2020 (1.0 becomes 200 cd/m^2) or of linear Rec. 709 values.

    Raises:
        InputError: damaged, or of another colour encoding.
    """
    path = Path(path)
    with path.open("rb") as file:  # OpenImageIO would look at all of it first
        if not file.read(len(_CONTAINER)).startswith((_CONTAINER, _CODESTREAM)):
            raise InputError(path, "not a JPEG XL", _CURE)
    source = OpenImageIO.ImageInput.open(str(path))
    if source is None:
        raise InputError(path, f"damaged or unreadable JPEG XL ({OpenImageIO.geterror().strip()})", _CURE)
    try:
        spec = source.spec()
        check_pixels(path, spec.width, spec.height, HDR_BYTES)
        stored = source.read_image(0, 0, 0, 3, "float") if spec.nchannels >= 3 else None
    finally:
        source.close()
    if stored is None:
        raise InputError(path, f"{spec.nchannels}-channel or damaged JPEG XL", "HDR images have red, green and blue")
    codes = tuple(spec.getattribute("CICP") or ())[:2]
    notes = ("alpha channel dropped",) if spec.nchannels == 4 else ()
    if codes == _CICP[:2]:
        linear, domain, white, primaries = from_pq2020(stored), "PQ, JPEG XL", WHITE, "Rec. 2020"
    elif codes == _LINEAR_REC709:
        linear, domain, white, primaries = stored, "linear, JPEG XL", None, "Rec. 709"
    else:
        raise InputError(path, f"JPEG XL of colour codes {codes}", "PQ BT.2020 is (9, 16), linear Rec. 709 is (1, 8)")
    pixels, changes = to_rec709_pixels(linear, str(path))
    return HdrImage(pixels=pixels, domain=domain, notes=(*notes, *changes), white_nits=white, primaries=primaries)
