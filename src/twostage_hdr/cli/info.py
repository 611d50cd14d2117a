"""`twostage-hdr info`: what is in an HDR file."""

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from rich.table import Table

from twostage_hdr.boundary.pixel_limit import HDR_BYTES, check_pixels
from twostage_hdr.cli.convert import find_hdr_files
from twostage_hdr.cli.outcome import named, print_error
from twostage_hdr.cli.terminal import Terminal
from twostage_hdr.data.inspection.dynamic_range import BRIGHT, DARK, range_in_stops
from twostage_hdr.errors import InputError
from twostage_hdr.imaging.camera_raw import RAW_SUFFIXES
from twostage_hdr.imaging.chromaticities import name_of
from twostage_hdr.imaging.hdr import HDR_READERS, HdrImage, read_hdr
from twostage_hdr.imaging.ldr import PHOTOGRAPHS
from twostage_hdr.imaging.photograph import read_photograph
from twostage_hdr.radiometry.photometry import SDR_WHITE_NITS

_PHOTOGRAPHS_ONLY = RAW_SUFFIXES | (set(PHOTOGRAPHS) - HDR_READERS.keys()) | {".jpg", ".jpeg"}
"""Suffixes of files that may hold HDR only beside or as a photograph's pixels."""


@dataclass(frozen=True, kw_only=True)
class HdrFileFacts:
    """What a file holds; values are linear, Rec. 709 or, of photographs, their own primaries."""

    file: str
    width: int
    height: int
    domain: str
    """How the file stores its values, in words."""
    primaries: str
    """The file's own."""
    minimum: float
    """Of any channel, as the maximum; the median is of all values."""
    median: float
    maximum: float
    stops: float
    """Dynamic range of the luminance between its 0.1 and 99.9 percent points, black left out."""
    white_nits: float | None
    """Luminance of linear 1.0 in cd/m^2 (`whiteLuminance`, or fixed by the format); None if not stated."""
    alignratio: float | None
    """The challenge's scale, stored value / encoded value; None elsewhere."""
    notes: tuple[str, ...]
    """What reading changed."""
    headroom_stops: float | None
    """From SDR white to the most that a photograph with HDR can hold; None elsewhere."""
    taken: str | None
    """Date and time of a photograph; None if not stated."""


def facts_of(path: Path) -> HdrFileFacts:
    """Reads an HDR file or a photograph and sums it up.

    Raises:
        InputError: neither, or a damaged one.
    """
    image = headroom = taken = None
    if path.suffix.lower() not in _PHOTOGRAPHS_ONLY:
        try:
            image = read_hdr(path)
        except InputError:
            if path.suffix.lower() not in PHOTOGRAPHS:
                raise
    if image is None:
        photograph = read_photograph(path)
        check_pixels(path, *photograph.shape, HDR_BYTES)
        light, taken = photograph.light, photograph.info.taken
        headroom = None if light is None else light.headroom
        stored = "" if photograph.pixels is None else f"{8 * photograph.pixels.itemsize} bits"
        kind = f"photograph of {stored}" if light is None else ", base of ".join(filter(None, (light.kind, stored)))
        image = HdrImage(
            pixels=photograph.linear(),
            domain=kind,
            notes=photograph.notes,
            white_nits=None if light is None else SDR_WHITE_NITS,
            primaries=name_of(photograph.info.primaries),
        )
    height, width = image.pixels.shape[:2]
    return HdrFileFacts(
        file=str(path),
        width=width,
        height=height,
        domain=image.domain,
        primaries=image.primaries,
        minimum=float(image.pixels.min()),
        median=float(np.median(image.pixels)),
        maximum=float(image.pixels.max()),
        stops=range_in_stops(image.pixels),
        white_nits=image.white_nits,
        alignratio=image.alignratio,
        notes=image.notes,
        headroom_stops=headroom,
        taken=None if taken is None else str(taken),
    )


def print_facts(names: Sequence[str], *, as_json: bool) -> int:
    """Prints a table of the files' facts, or JSON; a file that cannot be read is named and does not stop the others.

    Returns:
        The exit code: 0, or 1 if a file could not be read.
    """
    known: list[HdrFileFacts] = []
    files, nothing = find_hdr_files(names)
    failures = [{"file": name, "error": why} for name, why in nothing.items()]
    for path in files:
        try:
            known.append(facts_of(path))
        except Exception as error:  # one file stops no other
            failures.append({"file": str(path), "error": named(path, error)})
    if as_json:
        json.dump([*map(asdict, known), *failures], sys.stdout, indent=1)
        sys.stdout.write("\n")
    else:
        _print_table(known, Terminal(soft_wrap=False))
        for failure in failures:
            print_error("failed", failure["error"])
    return 1 if failures else 0


def _print_table(known: Sequence[HdrFileFacts], console: Terminal) -> None:
    for facts in known:
        ratio = "" if facts.alignratio is None else f"alignratio {facts.alignratio:.6g}; "
        white = "relative: the luminance of 1.0 is not stated"
        lines = {
            "size": f"{facts.width} x {facts.height}",
            "stored as": facts.domain,
            "primaries": facts.primaries,
            "scale": ratio + (white if facts.white_nits is None else f"1.0 is {facts.white_nits:g} cd/m²"),
            "linear values": f"min {facts.minimum:.4g}, median {facts.median:.4g}, max {facts.maximum:.4g}",
            "range": f"{facts.stops:.1f} stops ({DARK:g} to {BRIGHT:g} % of the luminance)",
            "HDR": None if facts.headroom_stops is None else f"up to {facts.headroom_stops:.1f} stops above white",
            "taken": facts.taken,
        }
        table = Table(title=facts.file, title_justify="left", show_header=False, box=None)
        for name, value in [*lines.items(), *(("note", note) for note in facts.notes)]:
            if value is not None:
                table.add_row(name, value)
        console.print(table)
