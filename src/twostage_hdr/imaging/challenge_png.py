"""The challenge's pair: a 16-bit PNG and its scale, the alignratio [ntire2021hdr].

Stored value = round(encoded * alignratio) with alignratio = 65535 / max(encoded), where encoded = linear^(1/2.24).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import imagecodecs
import numpy as np
from jaxtyping import UInt16

from twostage_hdr.boundary.file_reader import file_reader
from twostage_hdr.boundary.numpy_file import load_npy
from twostage_hdr.boundary.pixel_limit import HDR_BYTES, check_pixels
from twostage_hdr.boundary.regular_file import read_bytes
from twostage_hdr.errors import InputError
from twostage_hdr.imaging.atomic import atomic_path
from twostage_hdr.imaging.chromaticities import REC709
from twostage_hdr.imaging.pixel_arrays import EncodedPixels, HdrImage
from twostage_hdr.imaging.png_chunks import metadata_chunks, png_size, put_chunks
from twostage_hdr.imaging.result_format import Result, ResultFormat, WriteRows
from twostage_hdr.imaging.scanline_writer import scanline_writer
from twostage_hdr.radiometry.gamma import HDM_GAMMA

PNG16_MAX = 65535
"""Largest value of a 16-bit sample."""
_SCALES = (1e-12, 1e12)
"""Beyond them 65535 / alignratio, made linear, leaves the range of float32; real ones are some 10^2 to 10^5."""
PNG_ATTRIBUTES = {"png:compressionLevel": 1}  # zlib's fastest: a third larger than the best, ten times as fast


def alignratio_of(encoded: EncodedPixels) -> float:
    """65535 / max(encoded); 65535 for an all-black image, whose scale no pixel can tell."""
    brightest = float(encoded.max())
    return PNG16_MAX / brightest if brightest > 0 else float(PNG16_MAX)


def quantise(encoded: EncodedPixels, alignratio: float) -> UInt16[np.ndarray, "height width 3"]:
    """The 16-bit integers that are stored: round(encoded * alignratio); beyond 65535 they are clipped."""
    return np.clip(np.rint(encoded * np.float32(alignratio)), 0, PNG16_MAX).astype(np.uint16)


def write_challenge_pair(png_path: str | Path, alignratio_path: str | Path, encoded: EncodedPixels) -> float:
    """Write encoded pixels (gamma 2.24, >= 0) as the challenge's 16-bit PNG and alignratio.

    Returns:
        The alignratio.
    """
    alignratio, (height, width) = alignratio_of(encoded), encoded.shape[:2]
    target = Result(paths=[Path(png_path), Path(alignratio_path)], width=width, height=height)
    with challenge_writer(target, alignratio=alignratio) as write_rows:
        write_rows(encoded)
    return alignratio


@contextmanager
def challenge_writer(result: Result, *, alignratio: float) -> Iterator[WriteRows]:
    """The challenge's pair, which takes encoded rows, for images whose maximum is known beforehand.

    Args:
        result: The PNG and its scale, which is written first, so that no PNG ever lacks it; pixels are Rec. 709.
        alignratio: 65535 / max(encoded), see `alignratio_of`; brighter values are clipped.
    """
    with atomic_path(result.paths[1]) as temporary:
        np.save(temporary, np.float64(alignratio))
    with scanline_writer(
        result,
        "uint16",
        PNG_ATTRIBUTES,
        encode=lambda rows: quantise(rows, alignratio),
        complete=lambda path: put_chunks(path, metadata_chunks(result.info)),
    ) as write_rows:
        yield write_rows


def _write(result: Result) -> None:
    gamma = np.float32(1 / HDM_GAMMA)
    brightest = max(float(rows.max()) for rows in result.bands(REC709))
    alignratio = alignratio_of(np.full((1, 1, 3), brightest, np.float32) ** gamma)
    with challenge_writer(result, alignratio=alignratio) as write_rows:
        for rows in result.bands(REC709):
            write_rows(rows**gamma)


PNG16 = ResultFormat(endings=("_hdr.png", "_alignratio.npy"), write=_write, white="lost")
"""The challenge's pair: gamma 2.24, 16 bits, scaled to the maximum."""


@file_reader("PNG", "export it again with 16 bits")
def read_challenge_png(png_path: Path, alignratio_path: str | Path) -> EncodedPixels:
    """Read the challenge's pair as encoded pixels (gamma 2.24), HxWx3 float32.

    Raises:
        InputError: a file is missing or damaged, the PNG is not of 16 bits, or the alignratio is not positive.
    """
    check_pixels(png_path, *png_size(png_path), HDR_BYTES)
    stored = imagecodecs.png_decode(read_bytes(png_path))
    if stored.dtype != np.uint16:
        raise InputError(
            png_path,
            f"{stored.dtype.itemsize * 8}-bit PNG, an ordinary image",
            "an HDR one has 16 bits (`twostage-hdr reconstruct` makes it of a photograph)",
        )
    alignratio = read_alignratio(alignratio_path)
    stored = np.repeat(stored[:, :, None], 3, axis=2) if stored.ndim == 2 else stored[:, :, :3]
    return (stored / alignratio).astype(np.float32)


def read_alignratio(path: str | Path) -> float:
    """Read the scale beside a challenge PNG.

    Raises:
        InputError: missing, unreadable, not one number, or one with which float32 cannot hold 65535 as light.
    """
    value = load_npy(path, cure="the 16-bit PNG needs its scale: write one number with numpy.save")
    if value.size != 1:
        raise InputError(path, f"shape {value.shape} of {value.dtype}", "the alignratio is one number")
    alignratio = float(value.reshape(()))
    least, most = _SCALES
    if not least <= alignratio <= most:  # NaN, too
        raise InputError(path, f"alignratio {alignratio}", f"it must be a number from {least:g} to {most:g}")
    return alignratio


def alignratio_path_for(png_path: str | Path) -> Path:
    """Where a challenge PNG's scale lies: `0001_gt.png` or `photo_hdr.png` has `0001_alignratio.npy` and so on."""
    png_path = Path(png_path)
    stem = png_path.stem.removesuffix("_gt").removesuffix("_hdr")
    return png_path.with_name(f"{stem}_alignratio.npy")


@file_reader("PNG", "export it again with 16 bits")
def read_challenge_as_linear(png_path: Path) -> HdrImage:
    """Read a challenge PNG with the alignratio that lies beside it, as linear pixels."""
    beside = alignratio_path_for(png_path)
    encoded = read_challenge_png(png_path, beside)
    return HdrImage(
        pixels=np.power(encoded, np.float32(HDM_GAMMA)),
        domain="gamma 2.24, 16-bit PNG with alignratio",
        alignratio=read_alignratio(beside),
    )
