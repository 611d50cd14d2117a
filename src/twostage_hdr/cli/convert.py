"""`twostage-hdr convert`: HDR files of one format as files of others."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from twostage_hdr.cli.batch import Picture, picture_files, run_batch
from twostage_hdr.cli.destination import Destination
from twostage_hdr.cli.input_files import FoundFiles, find_files
from twostage_hdr.cli.outcome import Report
from twostage_hdr.cli.terminal import Terminal
from twostage_hdr.errors import InputError
from twostage_hdr.imaging.challenge_png import alignratio_path_for
from twostage_hdr.imaging.colour_codes import is_hdr_signal
from twostage_hdr.imaging.embedded_gain_map import has_gain_map
from twostage_hdr.imaging.exif import NO_INFO, PictureInfo
from twostage_hdr.imaging.exr import read_exr_info
from twostage_hdr.imaging.hdr import HDR_READERS, read_hdr
from twostage_hdr.imaging.photograph_metadata import read_picture_info
from twostage_hdr.imaging.pixel_arrays import LinearPixels, row_bands
from twostage_hdr.inference.result_files import ResultOptions

KINDS = tuple(sorted(HDR_READERS, key=(".png", ".jpg", ".jpeg").__contains__))
"""Suffixes of HDR files, see `result_stem`; last those that a photograph beside an HDR file may have."""
MOST_STOPS = 30
"""Exposure that may be added or taken: more leaves nothing of an image that float32 can hold."""


def convert_all(
    names: Sequence[str], *, destination: Destination, options: ResultOptions, stops: float, as_json: bool
) -> int:
    """Converts every HDR file; one that cannot be used does not stop the others.

    Args:
        names: files, folders, glob patterns.
        destination: of the results; formats: see `formats_of_images`.
        options: how they are written; without `white_nits` each file's own absolute scale is kept.
        stops: exposure to add, in factors of 2.
        as_json: report as JSON.

    Returns:
        The exit code: 0, or 1 if a file failed.

    Raises:
        InputError: unknown formats, no such exposure, or results that would overwrite an input.
    """
    if not abs(stops) <= MOST_STOPS:  # NaN, too
        raise InputError(f"--stops {stops:g}", f"expected an exposure of -{MOST_STOPS} to {MOST_STOPS}")
    report = Report(console=Terminal(stderr=as_json), as_json=as_json)
    sources, nothing = find_hdr_files(names)
    destination = replace(destination, kinds=KINDS)
    plan = destination.plan({source: [source] for source in sources})

    def read(path: Path) -> Picture:
        image = read_hdr(path)
        height, width = image.pixels.shape[:2]
        return Picture(
            height=height,
            width=width,
            rows=_bands(path, image.pixels, stops),
            options=replace(options, white_nits=options.white_nits or image.white_nits),
            info=_info(path),
            notes=image.notes,
        )

    if plan:
        with destination.made(), picture_files(plan, read, destination) as make:
            run_batch(plan, make, report)
    report.add_failures(nothing)
    return report.finish()


def find_hdr_files(names: Sequence[str]) -> FoundFiles:
    """Named files, and from folders those that hold HDR: ordinary photographs among them are passed over."""
    return find_files(names, HDR_READERS.keys(), "HDR files", wanted=_may_hold_hdr)


def _info(path: Path) -> PictureInfo:
    """What goes along; the pixels are Rec. 709 by now."""
    if path.suffix.lower() == ".exr":
        return read_exr_info(path)
    return NO_INFO if path.suffix.lower() in (".hdr", ".pic") else read_picture_info(path)[0]


def _may_hold_hdr(path: Path) -> bool:
    if path.suffix.lower() == ".png":
        return alignratio_path_for(path).is_file() or is_hdr_signal(path)
    return path.suffix.lower() not in (".jpg", ".jpeg") or has_gain_map(path)


def _bands(path: Path, pixels: LinearPixels, stops: float) -> Iterator[np.ndarray]:
    factor = np.float32(2.0**stops)
    for rows in row_bands(len(pixels)):
        with np.errstate(over="ignore"):
            band = pixels[rows] * factor
        if not np.isfinite(band).all():
            raise InputError(path, f"--stops {stops:g} takes it beyond what float32 can hold", "give fewer")
        yield band
