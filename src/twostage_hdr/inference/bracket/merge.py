"""Merging aligned frames: each counts by its certainty, and only where it agrees with the reference frame.

Certainty is 1 / variance of the light that a code stands for. Frames are added from the reference outwards, each
compared with what has been merged so far, so that two frames that disagree where the reference clips are not mixed.
Towards the border of what a moved frame covers, its share in the result falls to zero: no step there, whatever the
response's error. (If its weight fell instead, a frame of 64 times the certainty would have half of the result at 1/64.)
"""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Float32, UInt8

from twostage_hdr.imaging.pixel_arrays import LdrPixels, LinearPixels, row_bands
from twostage_hdr.inference.bracket.response import Response

WHITE = (230 / 255, 248 / 255)
"""Encoded values between which the trust in a code falls from full to none; HdM frames clip at 248 [ntire2021hdr]."""
NOISE = 3.0
"""Standard deviations within which two frames agree."""
RESPONSE_ERROR = (0.05, 0.3)
"""Relative error of response and exposures that counts as agreement too: at least, and at most, where most of a frame
has it (telephones brighten shadows differently in each frame)."""
CLIPPED_BOUND = 0.6
"""Share of what clipped in the others below which a frame contradicts them: the edges of JPEGs bleed."""
REGISTRATION = 0.5
"""Pixels by which a frame may lie beside the reference, alignment and resampling together, where the camera was not at
rest: at edges that is an error, however certain its codes are."""
_DARKEST_CODE = 2  # below it the curve's slope says nothing of the noise
_MOST_NOISE = 4.0  # codes
_MID = 0.1  # linear, above which frames differ by response and exposure rather than by noise
_LEAST_TRUST = np.float32(1e-9)  # instead of zero, in divisions
_NORMAL = 0.6745  # median absolute deviation / standard deviation


@dataclass(frozen=True, kw_only=True)
class AlignedFrame:
    """A frame as the reference sees it.

    Attributes:
        pixels: all frames of a bracket have one size and type.
        covered: 255 where it counts fully, less near its border, 0 where it has no pixels; None if it did not move.
        gain: its exposure / that of the reference frame.
    """

    pixels: LdrPixels
    covered: UInt8[np.ndarray, "height width"] | None
    gain: float

    def rows(self, first: int, end: int) -> "AlignedFrame":
        """A part of it."""
        covered = None if self.covered is None else self.covered[first:end]
        return AlignedFrame(pixels=self.pixels[first:end], covered=covered, gain=self.gain)


@dataclass(frozen=True, kw_only=True)
class Merged:
    """What the frames tell.

    Attributes:
        linear: 1.0 = the reference frame's white; where nothing was recorded, what the frames that stand in hold.
        missing: 0 where a frame recorded the pixel, 255 where none did.
        sources: shares, 255 = all, of the frames that stand in where nothing was recorded: the shortest that does not
            contradict the others and, near its border, the next.
        moving: share of the pixels where a frame was left out since it contradicts the others.
    """

    linear: LinearPixels
    missing: UInt8[np.ndarray, "height width"]
    sources: UInt8[np.ndarray, "frames height width"]
    moving: float


class Certainty:
    """Light, its deviation and the trust in it, by code.

    Args:
        response: of the camera.
        levels: 256 or 65536.
    """

    def __init__(self, response: Response, levels: int) -> None:
        codes = np.arange(levels) * (255 / (levels - 1))
        self.light = np.interp(codes, np.arange(256), response).astype(np.float32)
        slope = np.maximum(np.gradient(response), np.gradient(response)[_DARKEST_CODE])
        self.deviation = np.interp(codes, np.arange(256), slope).astype(np.float32)
        """Of light, for a deviation of one code of 8 bits."""
        self.trust = np.clip((WHITE[1] - codes / 255) / (WHITE[1] - WHITE[0]), 0, 1).astype(np.float32)


def merge(frames: Sequence[AlignedFrame], response: Response) -> Merged:
    """Merges frames; the first is the reference, the others follow by their distance from it in stops."""
    shape = frames[0].pixels.shape
    certainty = Certainty(response, np.iinfo(frames[0].pixels.dtype).max + 1)
    errors = [_measured_errors(frames[0], frame, certainty) for frame in frames]
    grown = max(2, max(shape[:2]) // 400)
    halo = (3 * grown + 3) * len(frames)  # each frame is compared with what the last ones left
    beside = REGISTRATION if any(frame.covered is not None for frame in frames) else 0.0
    linear = np.empty(shape, np.float32)
    missing, sources = np.empty(shape[:2], np.uint8), np.zeros((len(frames), *shape[:2]), np.uint8)
    moving = 0
    for rows in row_bands(shape[0]):
        first, end = max(rows.start - halo, 0), min(rows.stop + halo, shape[0])
        band = _Band(frames[0].rows(first, end), certainty, beside)
        for frame, error in zip(frames[1:], errors[1:], strict=True):
            band.add(frame.rows(first, end), error, grown)
        inner = slice(rows.start - first, rows.stop - first)
        linear[rows] = band.linear()[inner]
        for place, share in enumerate(band.sources):
            sources[place, rows] = np.rint(255 * share[inner, :, 0])
        missing[rows] = np.rint(255 * (1 - band.seen[inner, :, 0]))
        moving += int(band.moving[inner].sum())
    return Merged(linear=linear, missing=missing, sources=sources, moving=moving / missing.size)


class _Band:
    """What has been merged of some rows."""

    def __init__(self, reference: AlignedFrame, certainty: Certainty, beside: float) -> None:
        self._certainty, self._beside = certainty, np.float32(beside)
        self._mean, deviation, trust = self._read(reference)
        self._variance = deviation**2 / np.maximum(trust.min(axis=2, keepdims=True), _LEAST_TRUST)
        self._stand_in, self._gain = self._mean, reference.gain
        self.seen = trust.min(axis=2, keepdims=True)
        self.sources = [np.ones_like(self.seen)]
        self.moving = np.zeros(self.seen.shape[:2], bool)

    def _read(self, frame: AlignedFrame) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        table = self._certainty
        gain = np.float32(1 / frame.gain)
        return table.light[frame.pixels] * gain, table.deviation[frame.pixels] * gain, table.trust[frame.pixels]

    def linear(self) -> Float32[np.ndarray, "rows width 3"]:
        """The light so far: merged where it was seen, else that of the frames that stand in."""
        return self._stand_in + self.seen * (self._mean - self._stand_in)

    def add(self, frame: AlignedFrame, errors: tuple[float, float], grown: int) -> None:
        """Adds a frame where it agrees."""
        light, deviation, trust = self._read(frame)
        feather = np.float32(1) if frame.covered is None else frame.covered[:, :, None] / np.float32(255)
        agrees, against, slope = self._agreement(light, deviation, np.where(feather > 0, trust, 0), errors, grown)
        usable = trust.min(axis=2, keepdims=True) * agrees
        variance = (deviation**2 + (self._beside * slope) ** 2) / np.maximum(usable, _LEAST_TRUST)
        share = self._variance / (self._variance + variance)
        share *= feather / np.maximum(np.maximum(feather, self.seen), _LEAST_TRUST)  # what nobody saw is not kept
        self._mean = self._mean + share * (light - self._mean)
        self._variance = (1 - share) ** 2 * self._variance + share**2 * variance
        self.seen = np.maximum(self.seen, usable * feather)
        self.moving |= against
        stands_in = (agrees > 0.5) * feather * np.float32(frame.gain < self._gain)
        self._stand_in = self._stand_in + stands_in * (light - self._stand_in)
        self.sources = [*(source * (1 - stands_in) for source in self.sources), stands_in]

    def _agreement(
        self, light: np.ndarray, deviation: np.ndarray, trust: np.ndarray, errors: tuple[float, float], grown: int
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """1 where a frame agrees with what has been merged, 0 where it does not, smooth between; where it does not; and
        by how much light changes from a pixel to the next, beyond noise.

        Where nothing was recorded yet, a frame must not be darker than what clipped there. Then only the brightest
        channel is compared: cameras change the hue when one channel clips.
        """
        noise, relative = errors
        so_far, box = self.linear(), np.ones((3, 3), np.uint8)
        known = self.seen > 0.5
        variance = np.where(known, self._variance, 0)
        tolerance = NOISE * np.sqrt((deviation * noise) ** 2 + variance) + relative * so_far
        low, high = cv2.erode(so_far, box), cv2.dilate(so_far, box)
        slope = np.maximum((high - low) / 2 - np.sqrt(variance), np.float32(0))
        low, high = low - tolerance, high + tolerance  # an edge half a pixel off is no movement
        differs = (((light < low) & (trust == 1)) | ((light > high) & (trust > 0))).any(axis=2)
        bound = CLIPPED_BOUND * cv2.erode(so_far.max(axis=2), np.ones((5, 5), np.uint8))
        dark = (light.max(axis=2) < bound) & (trust == 1).all(axis=2)
        seen = known[:, :, 0]
        # A frame that is left out where the others clip leaves nothing measured: no rim of what lies beside it there.
        against, there = (
            cv2.blur(found.astype(np.float32), (3, 3)) > 0.4 for found in (np.where(seen, differs, dark), dark & ~seen)
        )
        rim = np.ones((4 * grown + 1, 4 * grown + 1), np.uint8)
        wide = np.where(seen, cv2.dilate(against.astype(np.float32), rim), cv2.dilate(there.astype(np.float32), rim))
        return 1 - cv2.blur(wide, (2 * grown + 1, 2 * grown + 1))[:, :, None], against, slope


def _measured_errors(reference: AlignedFrame, frame: AlignedFrame, certainty: Certainty) -> tuple[float, float]:
    """Noise, codes, and relative error that a frame has against the reference; most of a scene keeps still."""
    step = max(1, max(frame.pixels.shape[:2]) // 512)
    here, there = (image.pixels[::step, ::step] for image in (reference, frame))
    inside = True if frame.covered is None else frame.covered[::step, ::step, None] > 0
    gain, both = np.float32(1 / frame.gain), inside & (certainty.trust[here] == 1) & (certainty.trust[there] == 1)
    light, other = certainty.light[here][both], certainty.light[there][both]
    deviation = np.hypot(certainty.deviation[here][both], certainty.deviation[there][both] * gain)
    mid = (light > _MID) & (other > _MID)
    noise = np.median(np.abs(light - other * gain) / deviation) / _NORMAL if light.size else 1.0
    relative = NOISE * np.median(np.abs(other[mid] * gain / light[mid] - 1)) / _NORMAL if mid.any() else 0.0
    return float(np.clip(noise, 1, _MOST_NOISE)), float(np.clip(relative, *RESPONSE_ERROR))
