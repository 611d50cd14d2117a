"""What PNG, JPEG XL, AVIF and HEIC say of their colours by the codes of ITU-T H.273: PQ and HLG are HDR signals."""

from pathlib import Path
from typing import Any

from twostage_hdr.boundary.pixel_limit import check_pixels
from twostage_hdr.boundary.regular_file import read_bytes
from twostage_hdr.errors import InputError
from twostage_hdr.imaging.avif import colour_codes
from twostage_hdr.imaging.jpegxl import JPEGXL_STARTS, jpegxl_codes
from twostage_hdr.imaging.png_chunks import PNG_START, read_png_header
from twostage_hdr.imaging.pq_pixels import HLG_TRANSFER, PQ_TRANSFER

SIGNALS = {PQ_TRANSFER: "PQ", HLG_TRANSFER: "HLG"}
"""Names of the transfer characteristics that make a file HDR."""
_TIFF_STARTS = {b"II*\0": "TIFF", b"MM\0*": "TIFF", b"II+\0": "BigTIFF", b"MM\0+": "BigTIFF"}
_HEIF_BRANDS = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"})
_BRANDS_AT_MOST = 256  # bytes of the box that names them


def container(path: Path) -> str:
    """PNG, TIFF, BigTIFF, JPEG XL, AVIF or HEIC by a file's first bytes; nothing for others.

    The suffix does not count, since telephones' pictures often travel under another one.
    """
    with path.open("rb") as file:
        head = file.read(_BRANDS_AT_MOST)
    if head.startswith(PNG_START):
        return "PNG"
    if head[:4] in _TIFF_STARTS:
        return _TIFF_STARTS[head[:4]]
    if head.startswith(JPEGXL_STARTS):
        return "JPEG XL"
    box = head[: int.from_bytes(head[:4], "big")] if head[4:8] == b"ftyp" else b""
    brands = {box[at : at + 4] for at in (8, *range(16, len(box), 4))}
    return "AVIF" if b"avif" in brands else "" if brands.isdisjoint(_HEIF_BRANDS) else "HEIC"


def stated_codes(path: Path) -> tuple[int, int]:
    """Primaries and transfer characteristics; (2, 2) means unspecified.

    Raises:
        InputError: a damaged JPEG XL, or HEIC without its package.
    """
    match container(path):
        case "PNG":
            return read_png_header(path).codes
        case "JPEG XL":
            return jpegxl_codes(path)
        case "AVIF":
            return colour_codes(read_bytes(path))
        case "HEIC":
            stated = open_heif(path).info.get("nclx_profile") or {}
            return stated.get("color_primaries", 2), stated.get("transfer_characteristics", 2)
    return 2, 2


def is_hdr_signal(path: Path) -> bool:
    """Whether a file says that it is PQ or HLG; other and damaged files do not."""
    try:
        return stated_codes(path)[1] in SIGNALS
    except Exception:  # damaged files make readers raise almost anything
        return False


def open_heif(path: Path, *, stored_bits: bool = False) -> Any:
    """pillow_heif's file, whose first picture is the photograph.

    Args:
        path: the file.
        stored_bits: keep more than 8 bits, as they are stored.

    Raises:
        InputError: too large, or the package is not installed.
    """
    try:
        import pillow_heif
    except ImportError:
        raise InputError(path, "HEIC needs one more package", "pip install pillow-heif") from None
    file = pillow_heif.open_heif(path, convert_hdr_to_8bit=not stored_bits, hdr_to_16bit=not stored_bits)
    check_pixels(path, *file.size)
    return file
