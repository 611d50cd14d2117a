"""From several exposures of one scene to a linear HDR image."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import compress
from pathlib import Path

import numpy as np
from torch import nn

from twostage_hdr.errors import WARNING, InputError
from twostage_hdr.imaging.camera_raw import RAW_SUFFIXES
from twostage_hdr.imaging.exif import ExifExposure, read_exif_exposure
from twostage_hdr.imaging.ldr import read_ldr
from twostage_hdr.imaging.pixel_arrays import LdrPixels, LinearPixels, PreviewPixels, eight_bits, row_bands
from twostage_hdr.inference.bracket.alignment import ALIGN_METHODS, Alignment, align, apply_warp
from twostage_hdr.inference.bracket.exposures import BELIEVED, best_exposed, contradicting_stops, measured_stops
from twostage_hdr.inference.bracket.fill import fill
from twostage_hdr.inference.bracket.grouping import LARGEST_BRACKET
from twostage_hdr.inference.bracket.merge import AlignedFrame, Merged, merge
from twostage_hdr.inference.bracket.response import Response, find_response, gamma_response, srgb_response
from twostage_hdr.inference.reconstruct import ReconstructOptions, Reconstructor, load_reconstructor


@dataclass(frozen=True, kw_only=True)
class BracketOptions:
    """How frames become one image.

    Attributes:
        stops: exposure of each frame in the order given, relative to any one; None for EXIF's, or the pixels'.
        align: none for a tripod, mtb for shifts, homography for a camera in the hand.
        reference: the frame whose view, white and moving things the result has: its name, or its number from 1; None
            for the best exposed.
        gamma: of the frames' encoding if it is a known power (2.24 for HdM's); None to recover the response from them.
    """

    stops: Sequence[float] | None = None
    align: str = "homography"
    reference: str | None = None
    gamma: float | None = None


@dataclass(frozen=True, kw_only=True)
class Bracket:
    """Merged frames, and what of them nobody recorded, for the network to fill.

    Attributes:
        base: the reference frame's pixels.
        reference: its file.
        notes: what was found and done, in words for the user.
        frames: aligned, the reference first.
        merged: None where there is one frame only.
        response: of the camera.
    """

    base: LdrPixels
    reference: Path
    notes: tuple[str, ...]
    frames: Sequence[AlignedFrame] = ()
    merged: Merged | None = None
    response: Response = field(default_factory=srgb_response)

    def rows(self, reconstructor: Reconstructor) -> Iterator[LinearPixels]:
        """The result from top to bottom, linear, 1.0 = the reference frame's white; to be taken once."""
        if self.merged is None:
            yield from reconstructor.rows(self.base)
            return
        linear = fill(self.merged, self.frames, self.response, reconstructor)
        for rows in row_bands(len(linear)):
            yield linear[rows]


def merge_bracket(paths: Sequence[Path], options: BracketOptions) -> Bracket:
    """Reads, aligns and merges the frames of one bracket, in any order.

    Raises:
        InputError: frames that cannot be read, aligned or told apart, or options that do not fit them.
    """
    names = [path.name for path in paths]
    _check(names, options)
    images = [read_ldr(path, fixed_brightness=True) for path in paths]
    pixels = _of_one_size_and_type([image.pixels for image in images], paths)
    notes = list(dict.fromkeys(note for image in images for note in image.notes))
    if len(paths) == 1:
        alone = "a single frame: reconstructed as a photograph"
        return Bracket(base=pixels[0], reference=paths[0], notes=(*notes, alone))
    small = [eight_bits(frame) for frame in pixels]
    reference = _reference(names, options.reference, small)
    found = align(small, names, reference, options.align)
    if None in found:
        return _without_lost(paths, options, [alignment is not None for alignment in found], reference)
    alignments = [alignment for alignment in found if alignment is not None]
    warped = [
        (frame, None) if alignment.warp is None else apply_warp(frame, alignment.warp)
        for frame, alignment in zip(pixels, alignments, strict=True)
    ]
    seen = [eight_bits(frame) for frame, _ in warped]
    stated, told = _stated_stops([read_exif_exposure(path) for path in paths], options)
    known: tuple[Response, str] | None = None
    if any(path.suffix.lower() in RAW_SUFFIXES for path in paths):
        known = srgb_response(), "sRGB"  # as they were developed
    elif options.gamma is not None:
        known = gamma_response(options.gamma), f"gamma {options.gamma:g}"
    usual = srgb_response() if known is None else known[0]
    assumed = stated or measured_stops(seen, usual, reference, None)
    notes += _contradiction(stated, told, seen, usual, reference)
    response, curve = known or find_response(seen, assumed)
    stops = measured_stops(seen, response, reference, stated)
    order = sorted(range(len(paths)), key=lambda place: (place != reference, abs(stops[place])))
    frames = [
        AlignedFrame(pixels=warped[place][0], covered=warped[place][1], gain=2.0 ** stops[place]) for place in order
    ]
    merged = merge(frames, response)
    notes += [f"frames at {_signed(stops)} stops {told}", f"reference {names[reference]}", f"response {curve}"]
    notes += _findings(stops, stated, reference, alignments, merged)
    return Bracket(
        base=pixels[reference],
        reference=paths[reference],
        frames=frames,
        merged=merged,
        response=response,
        notes=tuple(notes),
    )


def reconstruct_bracket(
    photographs: Sequence[str | Path],
    *,
    options: BracketOptions = BracketOptions(),
    weights: str | Path | nn.Module | None = None,
    filling: ReconstructOptions = ReconstructOptions(),
) -> LinearPixels:
    """Reconstructs one HDR image from the frames of a bracket.

    Args:
        photographs: 1 to 9 files, in any order.
        options: see `BracketOptions`.
        weights: of the network that fills what no frame recorded; see `load_reconstructor`.
        filling: where and how that network runs.

    Returns:
        (height, width, 3) float32, linear RGB with Rec. 709 primaries; 1.0 is the reference frame's white.

    Raises:
        InputError: photographs, options or weights that cannot be used.
    """
    bracket = merge_bracket([Path(photograph) for photograph in photographs], options)
    reconstructor = load_reconstructor(weights, filling)
    return np.concatenate(list(bracket.rows(reconstructor)))


def _without_lost(paths: Sequence[Path], options: BracketOptions, kept: Sequence[bool], reference: int) -> Bracket:
    """The bracket without the frames that cannot be aligned, and a word on them."""
    lost = ", ".join(path.name for path, keep in zip(paths, kept, strict=True) if not keep)
    stops = None if options.stops is None else tuple(compress(options.stops, kept))
    chosen = replace(options, stops=stops, reference=str(1 + sum(kept[:reference])))
    bracket = merge_bracket(list(compress(paths, kept)), chosen)
    return replace(bracket, notes=(f"left out, cannot be aligned (--align none keeps it): {lost}", *bracket.notes))


def _check(names: Sequence[str], options: BracketOptions) -> None:
    if not 1 <= len(names) <= LARGEST_BRACKET:
        raise InputError("bracket", f"{len(names)} frames", f"give 2 to {LARGEST_BRACKET}")
    if options.stops is not None and len(options.stops) != len(names):
        raise InputError("--ev", f"{len(options.stops)} exposures for {len(names)} frames", "give one for each")
    if options.align not in ALIGN_METHODS:
        raise InputError(f"--align {options.align}", f"choose from {', '.join(ALIGN_METHODS)}")


def _reference(names: Sequence[str], wanted: str | None, frames: Sequence[PreviewPixels]) -> int:
    if wanted is None:
        return best_exposed(frames, srgb_response())
    if wanted in names:
        return names.index(wanted)
    if wanted.isdecimal() and 1 <= int(wanted) <= len(names):
        return int(wanted) - 1
    raise InputError(f"--reference {wanted}", f"not one of {', '.join(names)}", f"give one, or 1 to {len(names)}")


def _of_one_size_and_type(frames: Sequence[LdrPixels], paths: Sequence[Path]) -> list[LdrPixels]:
    for frame, path in zip(frames, paths, strict=True):
        if frame.shape != frames[0].shape:
            sizes = [f"{shape[1]}x{shape[0]}" for shape in (frame.shape, frames[0].shape)]
            raise InputError(path, f"{sizes[0]} px, but {paths[0].name} has {sizes[1]}", "a bracket has one size")
    if len({frame.dtype for frame in frames}) == 1:
        return list(frames)
    return [frame.astype(np.uint16) * 257 if frame.dtype == np.uint8 else frame for frame in frames]


def _stated_stops(exposures: Sequence[ExifExposure], options: BracketOptions) -> tuple[list[float] | None, str]:
    """The stops that the user or EXIF states, if any, and who does."""
    if options.stops is not None:
        return list(options.stops), "(given)"
    stops = [exposure.stops for exposure in exposures]
    if any(stop is None for stop in stops):
        return None, "(estimated from the pixels: EXIF states none; --ev gives them)"
    apertures = {exposure.f_number for exposure in exposures}
    return [stop or 0.0 for stop in stops], "(EXIF)" if len(apertures) == 1 else (
        "(EXIF; by aperture: the depth of field differs between them)"
    )


def _contradiction(
    stated: Sequence[float] | None, who: str, frames: Sequence[PreviewPixels], response: Response, reference: int
) -> list[str]:
    """A warning where the pixels contradict the stated exposures."""
    if stated is None or (pixels := contradicting_stops(frames, response, reference, stated)) is None:
        return []
    stops = _signed([stop - stated[reference] for stop in stated])
    cure = "leave --ev out" if who == "(given)" else "give the right ones with --ev"
    return [f"{WARNING}exposures of {stops} stops {who} contradict the pixels, which say {_signed(pixels)}; {cure}"]


def _findings(
    stops: Sequence[float],
    stated: Sequence[float] | None,
    reference: int,
    alignments: Sequence[Alignment],
    merged: Merged,
) -> list[str]:
    notes = []
    if stated is not None:
        wrong = max(abs(stop - (said - stated[reference])) for stop, said in zip(stops, stated, strict=True))
        notes += [f"the pixels differ from it by {wrong:.1f} stops"] if wrong > BELIEVED / 2 else []
    if max(stops) - min(stops) < BELIEVED:
        notes.append("all frames have one exposure: highlights are the network's")
    moved = max(alignment.moved for alignment in alignments)
    notes.append(f"aligned, moved by up to {moved:.0f} px" if moved else "frames not moved")
    if merged.moving:
        notes.append(f"a frame left out in {merged.moving:.1%} where things moved")
    notes.append(f"{merged.missing.mean() / 255:.1%} recorded by no frame")
    return notes


def _signed(stops: Sequence[float]) -> str:
    return ", ".join(f"{stop:+.1f}" for stop in stops)
