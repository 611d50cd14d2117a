"""How large an image may be, by its header: compared before a pixel is decoded."""

import os
from contextlib import suppress
from pathlib import Path

from twostage_hdr.errors import InputError

MEGAPIXELS_AT_MOST = 500
"""Without a choice of the user's; the largest cameras and scanners give some 400."""

PHOTOGRAPH_BYTES = 16
"""Memory for reading one pixel of a photograph: the decoder's copy, 16-bit RGB and a conversion of it. The result is
computed and written by bands of rows."""
HDR_BYTES = 48
"""Memory for reading one pixel of an HDR image: the file's samples and float32 RGB before and after a change of
primaries."""

_SMALL_FILE = 2**20
"""Bytes: fewer than any camera writes for an image that needs ..."""
_SMALL_FILES_MEMORY = 768 * 2**20
"""... so many bytes of memory."""
_CGROUP = Path("/sys/fs/cgroup/memory.max")

_chosen: float | None = None


def allow_megapixels(most: float | None) -> None:
    """Sets the limit of this process: megapixels, or None for what fits in memory, at most 500.

    Raises:
        InputError: not positive.
    """
    global _chosen
    if most is not None and not most > 0:
        raise InputError(f"--max-megapixels {most:g}", "not a number of pixels", "give one above 0")
    _chosen = most


def check_pixels(path: str | Path, width: int, height: int, pixel_bytes: int = PHOTOGRAPH_BYTES) -> None:
    """Refuses an image that is too large for this machine, or larger than its file can honestly be.

    Args:
        path: the file.
        width: pixels in a row, by the header.
        height: rows, by the header.
        pixel_bytes: memory that reading one pixel takes.

    Raises:
        InputError: without pixels, or too many.
    """
    if width < 1 or height < 1:
        raise InputError(path, f"the image has no pixels ({width}x{height})", "export it again")
    seen = f"{width}x{height} px, {width * height / 1e6:.4g} megapixels"
    if width * height > most_megapixels(pixel_bytes) * 1e6:
        limit = f"the limit is {most_megapixels(pixel_bytes):.4g} here"
        raise InputError(path, seen, f"{limit}: crop or shrink it, or set it with --max-megapixels")
    size = Path(path).stat().st_size
    if _chosen is None and size < _SMALL_FILE and width * height * pixel_bytes > _SMALL_FILES_MEMORY:
        raise InputError(path, f"{seen} in a file of {size} bytes", "if that is so, read it with --max-megapixels")


def most_megapixels(pixel_bytes: int = PHOTOGRAPH_BYTES) -> float:
    """The limit: the user's, or what fits in the memory that is free, at most 500."""
    return min(_free_memory() / pixel_bytes / 1e6, MEGAPIXELS_AT_MOST) if _chosen is None else _chosen


def _free_memory() -> float:
    """Bytes that may be had; where the system does not say, no limit."""
    free = float("inf")
    with suppress(OSError, ValueError, AttributeError):  # not on every system
        free = float(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
    with suppress(OSError, ValueError, StopIteration):
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
        free = 1024.0 * int(next(line for line in lines if line.startswith("MemAvailable")).split()[1])
    with suppress(OSError, ValueError):  # "max": no limit; what the group uses already counts as free if need be
        free = min(free, float(_CGROUP.read_text(encoding="ascii")))
    return free
