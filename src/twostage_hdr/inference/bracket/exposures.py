"""The frames' exposures, as their pixels tell them."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from twostage_hdr.errors import InputError
from twostage_hdr.imaging.pixel_arrays import PreviewPixels
from twostage_hdr.inference.bracket.response import Response
from twostage_hdr.radiometry.exposure import WELL_EXPOSED

BELIEVED = 0.25
"""Stops by which the pixels may correct the stated exposures: shutters are that inexact, EXIF rounds 1/64 s to 1/60."""
CONTRADICTED = 0.75
"""Stops by which a step between two frames may differ from the stated one before the user is warned, after the factor
that an unknown response explains. Of brackets that are stated right the worst of 90 differed by 0.38: random cameras
[eilertsen2017hdrcnn], sRGB assumed."""
RESPONSE_FACTOR = (0.5, 2.0)
"""By which all steps may differ from the stated ones in common, since the response is not known: 0.8 to 1.8 there."""
_LEAST_PIXELS = 100
_GRID = 512  # samples along the longest side


def best_exposed(frames: Sequence[PreviewPixels], response: Response) -> int:
    """The frame with the most pixels that are neither noise nor close to clipping; of equals the first."""
    return int(np.argmax([_well_exposed(_light(frame, response)).sum() for frame in frames]))


def measured_stops(
    frames: Sequence[PreviewPixels], response: Response, reference: int, stated: Sequence[float] | None
) -> list[float]:
    """Stops of each frame against the reference: medians over what neighbours in brightness both record.

    Args:
        frames: aligned.
        response: of the camera.
        reference: the frame at 0 stops.
        stated: stops by EXIF or the user; the pixels correct them by `BELIEVED` at most. None if there are none.

    Raises:
        InputError: nothing is stated, and two neighbours have too little in common.
    """
    light = [_light(frame, response) for frame in frames]
    order = sorted(range(len(frames)), key=lambda place: float(light[place].mean()))
    stops = {order[0]: 0.0}
    for dark, bright in pairwise(order):
        common = _well_exposed(light[dark]) & _well_exposed(light[bright])
        said = None if stated is None else stated[bright] - stated[dark]
        if common.sum() >= _LEAST_PIXELS:
            told = float(np.median(np.log2(light[bright][common].sum(axis=-1) / light[dark][common].sum(axis=-1))))
            said = told if said is None or abs(told - said) <= BELIEVED else said
        if said is None:
            seen = "none in EXIF, and the frames have too little in common"
            raise InputError("exposures", seen, "give them with --ev")
        stops[bright] = stops[dark] + said
    return [stops[place] - stops[reference] for place in range(len(frames))]


def contradicting_stops(
    frames: Sequence[PreviewPixels], response: Response, reference: int, stated: Sequence[float]
) -> list[float] | None:
    """Stops by the pixels where they contradict the stated ones; None where they do not, or too little is in common.

    Args:
        frames: aligned.
        response: the one to assume, not one recovered under the stated exposures: that explains wrong ones as well.
        reference: the frame at 0 stops.
        stated: stops by EXIF or the user.
    """
    try:
        told = measured_stops(frames, response, reference, None)
    except InputError:
        return None
    order = np.argsort(told, kind="stable")
    steps, said = (np.diff(np.asarray(stops, float)[order]) for stops in (told, stated))
    factor = np.clip((steps * said).sum() / max((said**2).sum(), 1e-9), *RESPONSE_FACTOR)
    return told if np.abs(steps - factor * said).max() > CONTRADICTED else None


def _light(frame: PreviewPixels, response: Response) -> np.ndarray:
    step = max(1, max(frame.shape[:2]) // _GRID)
    return response[frame[::step, ::step]]


def _well_exposed(light: np.ndarray) -> np.ndarray:
    return (light.min(axis=-1) > WELL_EXPOSED[0]) & (light.max(axis=-1) < WELL_EXPOSED[1])
