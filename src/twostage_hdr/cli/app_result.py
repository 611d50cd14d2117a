"""What the local page keeps of one photograph: the full result on disk, a small one to look at."""

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
import torch

from twostage_hdr.cli.batch import Picture
from twostage_hdr.cli.bracket import read_bracket
from twostage_hdr.cli.reconstruct import read_picture
from twostage_hdr.imaging.chromaticities import REC709, to_primaries
from twostage_hdr.imaging.photograph import read_photograph
from twostage_hdr.imaging.pixel_arrays import LinearPixels, PreviewPixels, row_bands
from twostage_hdr.imaging.preview import to_srgb8
from twostage_hdr.imaging.result_format import DEFAULTS
from twostage_hdr.inference.bracket.reconstruct_bracket import BracketOptions
from twostage_hdr.inference.reconstruct import Reconstructor
from twostage_hdr.inference.result_files import ResultOptions, result_files, result_paths
from twostage_hdr.radiometry.srgb import srgb_decode

VIEW_SIDE = 1280
"""Longest side of what the page shows, px."""


@dataclass(frozen=True, kw_only=True)
class AppResult:
    """One reconstruction.

    Attributes:
        folder: where its files lie.
        stem: the photograph's name without suffix.
        picture: what is known of it, without rows and pixels.
        photograph: the photograph, linear, at the size shown; 1.0 = white.
        reconstruction: the result, linear, of that size.
        summary: size, brightest value, and what was changed on the way in.
    """

    folder: Path
    stem: str
    picture: Picture
    photograph: LinearPixels
    reconstruction: LinearPixels
    summary: str

    def panes(self, stops: float) -> tuple[PreviewPixels, PreviewPixels]:
        """Photograph and reconstruction as a camera with that much more exposure would show them, sRGB."""
        factor = np.float32(2.0**stops)
        return to_srgb8(self.photograph * factor), to_srgb8(self.reconstruction * factor)

    def write(self, formats: Sequence[str], options: ResultOptions = DEFAULTS) -> list[Path]:
        """The full result as files of these formats.

        Raises:
            InputError: unknown format.
        """
        linear = np.load(self.folder / "linear.npy", mmap_mode="r")
        result = replace(self.picture, options=options, base=np.load(self.folder / "base.npy"))
        with result_files(self.folder, self.stem, formats, result) as files:
            for rows in row_bands(len(linear)):
                files.write_rows(np.asarray(linear[rows]))
        return result_paths(self.folder, self.stem, formats)


def reconstruct_for_app(
    photographs: Sequence[Path], reconstructor: Reconstructor, parent: Path, advance: Callable[[float], None]
) -> AppResult:
    """Reconstructs a photograph, or a bracket of several, into a new folder below `parent`.

    Args:
        photographs: one, or the exposures of one scene.
        reconstructor: what turns a photograph into an HDR image.
        parent: the folder's.
        advance: takes the share that is done.

    Raises:
        InputError: photographs that cannot be used.
    """
    if len(photographs) == 1:
        picture = read_picture(photographs[0], reconstructor, DEFAULTS)
    else:
        picture = read_bracket(photographs, BracketOptions(), reconstructor, DEFAULTS)
    base = read_photograph(photographs[0]).eight_bit() if picture.base is None else picture.base
    folder = Path(tempfile.mkdtemp(dir=parent))
    np.save(folder / "base.npy", base)
    linear = np.lib.format.open_memmap(folder / "linear.npy", mode="w+", dtype=np.float32, shape=base.shape)
    top, peak = 0, 0.0
    for rows in picture.rows:
        linear[top : top + len(rows)] = rows
        top, peak = top + len(rows), max(peak, float(rows.max()))
        advance(top / picture.height)
    linear.flush()
    size, notes = f"{picture.width} x {picture.height}", "".join(f"; {note}" for note in picture.notes)

    def shown(pixels: LinearPixels) -> LinearPixels:
        return to_primaries(pixels, picture.info.primaries, REC709)

    return AppResult(
        folder=folder,
        stem=min(photographs).stem,
        picture=replace(picture, rows=(), base=None, uncertainty=None),
        photograph=shown(srgb_decode(torch.from_numpy(_shrunk(base)).float() / 255).numpy()),
        reconstruction=shown(_shrunk(np.asarray(linear))),
        summary=f"{size}, brightest value {peak:.1f} x white{notes}",
    )


def _shrunk(pixels: np.ndarray) -> np.ndarray:
    scale = VIEW_SIDE / max(pixels.shape[:2])
    if scale >= 1:
        return np.array(pixels)
    size = max(1, round(pixels.shape[1] * scale)), max(1, round(pixels.shape[0] * scale))
    return cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
