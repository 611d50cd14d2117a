"""Bringing the frames of a hand-held bracket over one another.

Neighbours in brightness have the most in common, so each frame is aligned with the next one towards the reference.
Frames are compared in the logarithm of light, where another exposure is another offset, over pixels that both record.
Things that move by themselves must not pull the frame after them, so regions that disagree much more than most are left
out of every correlation.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import cv2
import numpy as np
from jaxtyping import Bool, Float32, Float64, UInt8

from twostage_hdr.errors import InputError
from twostage_hdr.inference.bracket.response import srgb_response

ALIGN_METHODS = ("none", "mtb", "homography")
Eight: TypeAlias = UInt8[np.ndarray, "height width 3"]
Warp: TypeAlias = Float64[np.ndarray, "3 3"]
"""From pixels of the reference frame to those of another."""

PYRAMID = (256, 512, 1024)
"""Longest sides, px, at which the homography is found; 1/8 px of the last is 1/2 px at 12 megapixels."""
LEAST_CORRELATION = 0.7
"""Of aligned neighbours: real brackets reach 0.96 and more."""
STILL = 0.5
"""Mean movement, px, below which a frame is left as it is: resampling would blur more."""
FEATHER = 1 / 16  # of the longest side, over which a moved frame comes to count fully from the border of its pixels
_CLEARLY_BETTER = 0.7  # 1 - correlation against that of the frame as it is: at rest 1 and more, moved by 1 px 0.4
_REGION = 16  # parts of the longest side, in which things move
_MOVES = 2.5  # times the median region's deviation, from which a region moves by itself
_LARGEST_MOVE = 0.3  # share of the longest side
_LEAST_COMMON = 0.01  # share of the pixels
_USABLE = (8, 245)  # codes
_STEPS = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 50, 1e-5)
_LOG_LIGHT = np.log(np.maximum(srgb_response(), 1e-4)).astype(np.float32)


@dataclass(frozen=True, kw_only=True)
class Alignment:
    """How one frame lies to the reference.

    Attributes:
        warp: None where the frame is left as it is.
        moved: mean movement of its pixels, px.
    """

    warp: Warp | None = None
    moved: float = 0.0


def align(frames: Sequence[Eight], names: Sequence[str], reference: int, method: str) -> list[Alignment | None]:
    """How each frame lies to the reference; None for one that cannot be aligned with its neighbour.

    Raises:
        InputError: no frame can be aligned; names one.
    """
    if method == "none":
        return [Alignment()] * len(frames)
    order = sorted(range(len(frames)), key=lambda place: float(frames[place][::8, ::8].mean()))
    start = order.index(reference)
    warps: dict[int, Warp] = {reference: np.eye(3)}
    find = _mtb_shift if method == "mtb" else _homography
    for way in (order[start + 1 :], order[:start][::-1]):
        near = reference
        for far in way:
            step = find(frames[near], frames[far])
            if step is not None:
                warps[far] = step @ warps[near]
                near = far
    if len(warps) == 1 < len(frames):
        cure = "give --align mtb for small shifts, --align none for a tripod, or leave it out"
        raise InputError(names[order[start - 1]], f"cannot be aligned with {names[reference]}", cure)
    found: list[Alignment | None] = [None] * len(frames)
    for place, warp in warps.items():
        move = _movement(warp, *frames[0].shape[:2])
        found[place] = Alignment(warp=warp, moved=move) if move > STILL else Alignment()
    return found


def apply_warp(pixels: np.ndarray, warp: Warp) -> tuple[np.ndarray, UInt8[np.ndarray, "height width"]]:
    """The frame as the reference sees it, and how it counts: 0 where it has no pixels, from there rising to 255."""
    height, width = pixels.shape[:2]
    how = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    covered = cv2.warpPerspective(np.full((height, width), 255, np.uint8), warp, (width, height), flags=how)
    inside = cv2.distanceTransform(covered // 255, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    rising = np.rint(np.minimum(inside * (255 / max(1.0, FEATHER * max(height, width))), 255))
    return cv2.warpPerspective(pixels, warp, (width, height), flags=how), rising.astype(np.uint8)


def _mtb_shift(near: Eight, far: Eight) -> Warp:
    """Translation by median threshold bitmaps [ward2003mtb]."""
    longest = max(near.shape[:2])
    grey = [cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY) for frame in (near, far)]
    largest = int(np.clip(np.log2(min(near.shape[:2])) - 3, 1, 8))
    shifts = [np.eye(3)]
    for bits in {largest, max(largest - 2, 1)}:  # bitmaps of a few pixels agree by chance
        across, down = cv2.createAlignMTB(bits, 4, False).calculateShift(*grey)
        shifts.append(np.array([[1, 0, -across], [0, 1, -down], [0, 0, 1]], np.float64))
    side = min(PYRAMID[-1], longest)
    pair, scale = (_small(near, side), _small(far, side)), np.diag([side / longest, side / longest, 1.0])
    return max(shifts, key=lambda warp: _correlation(*pair, scale @ warp @ np.linalg.inv(scale)))


def _homography(near: Eight, far: Eight) -> Warp | None:
    """By enhanced correlation [evangelidis2008ecc] from coarse to fine, or a shift, or none; None where all fail."""
    longest = max(near.shape[:2])
    sides = [side for side in PYRAMID if side < longest] or [longest]
    found: list[Warp] = []
    for side in sides:
        pair, scale = (_small(near, side), _small(far, side)), np.diag([side / longest, side / longest, 1.0])
        start = scale @ found[-1] @ np.linalg.inv(scale) if found else _mtb_shift(pair[0].pixels, pair[1].pixels)
        best = max(_enhanced(*pair, start), key=lambda warp: _correlation(*pair, warp))
        found.append(np.linalg.inv(scale) @ best @ scale)
    still, moved = (_correlation(*pair, warp) for warp in (np.eye(3), best))
    if 1 - moved > _CLEARLY_BETTER * (1 - still):  # a sky without edges has no place of its own
        moved, found[-1] = still, np.eye(3)
    if moved < LEAST_CORRELATION or _movement(found[-1], *near.shape[:2]) > _LARGEST_MOVE * longest:
        return None
    return found[-1]


@dataclass(frozen=True)
class _Small:
    """A frame made small: its pixels, logarithm of light, and 255 where it records that light, 0 elsewhere."""

    pixels: Eight
    light: Float32[np.ndarray, "rows columns"]
    mask: UInt8[np.ndarray, "rows columns"]


def _small(frame: Eight, side: int) -> _Small:
    share = side / max(frame.shape[:2])
    size = max(1, round(frame.shape[1] * share)), max(1, round(frame.shape[0] * share))
    small = cv2.resize(frame, size, interpolation=cv2.INTER_AREA)
    grey = cv2.cvtColor(small, cv2.COLOR_RGB2GRAY)
    mask = ((grey > _USABLE[0]) & (small.max(axis=2) < _USABLE[1])).astype(np.uint8) * 255
    return _Small(small, cv2.GaussianBlur(_LOG_LIGHT[grey], (0, 0), 1), mask)


def _enhanced(near: _Small, far: _Small, start: Warp) -> list[Warp]:
    """The start, and what the correlation of all that keeps still makes of it, twice."""
    found = [start]
    for _ in range(2):
        still = _keeps_still(*_difference(near, far, found[-1])).astype(np.uint8) * 255
        masked = near.light, far.light, still, far.mask
        first = found[-1].astype(np.float32)
        try:
            _, warp = cv2.findTransformECCWithMask(*masked, first, cv2.MOTION_HOMOGRAPHY, _STEPS, 5)
        except cv2.error:  # it did not converge
            break
        if not np.isfinite(warp).all():
            break
        found.append(warp.astype(np.float64))
    return found


def _keeps_still(
    differs: Float32[np.ndarray, "rows columns"], common: Bool[np.ndarray, "rows columns"]
) -> Bool[np.ndarray, "rows columns"]:
    """Where both record light, outside regions that move by themselves; of `_difference`."""
    window = max(3, max(common.shape) // _REGION)
    share = cv2.blur(common.astype(np.float32), (window, window))
    regions = cv2.blur(np.where(common, np.abs(differs), 0), (window, window)) / np.maximum(share, 1e-3)
    calm = regions <= _MOVES * np.median(regions[common]) if common.any() else common
    return common & calm


def _difference(
    near: _Small, far: _Small, warp: Warp
) -> tuple[Float32[np.ndarray, "rows columns"], Bool[np.ndarray, "rows columns"]]:
    """Log light of the far frame less the near one's, its median taken out; and where both record it."""
    size = near.light.shape[::-1]
    light = cv2.warpPerspective(far.light, warp, size, flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP)
    common = cv2.warpPerspective(far.mask, warp, size, flags=cv2.INTER_NEAREST | cv2.WARP_INVERSE_MAP) & near.mask > 0
    differs = light - near.light
    return differs - (np.median(differs[common]) if common.any() else np.float32(0)), common


def _correlation(near: _Small, far: _Small, warp: Warp) -> float:
    """Of the light of what keeps still, -1 to 1; -1 where that is too little to tell."""
    differs, common = _difference(near, far, warp)
    still = _keeps_still(differs, common)
    if still.mean() < _LEAST_COMMON:
        return -1.0
    one, other = near.light[still], (near.light + differs)[still]
    return float(np.corrcoef(one, other)[0, 1]) if one.std() > 0 and other.std() > 0 else -1.0


def _movement(warp: Warp, height: int, width: int) -> float:
    """Mean distance by which the pixels of a coarse grid move."""
    down, across = np.meshgrid(np.linspace(0, height - 1, 9), np.linspace(0, width - 1, 9), indexing="ij")
    points = np.stack([across, down], axis=-1).reshape(1, -1, 2)
    return float(np.linalg.norm(cv2.perspectiveTransform(points, warp) - points, axis=-1).mean())
