"""Filling what no frame recorded with the single-shot network, and only that."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import cv2
import numpy as np
import torch
from jaxtyping import Bool

from twostage_hdr.imaging.pixel_arrays import LinearPixels
from twostage_hdr.inference.bracket.merge import AlignedFrame, Certainty, Merged
from twostage_hdr.inference.bracket.response import Response
from twostage_hdr.inference.reconstruct import Reconstructor
from twostage_hdr.radiometry.srgb import srgb_encode

_TILE = 128  # px, whose part that is missing the network works on at once
_AROUND = 8  # px, where the network is brought to scale
_RING = (0.3, 0.9)  # linear, of the source frame: bright, and not clipped
_GAINS = (0.5, 2.0)


def fill(
    merged: Merged, frames: Sequence[AlignedFrame], response: Response, reconstructor: Reconstructor
) -> LinearPixels:
    """The merged light with the network's where nothing was recorded; changes `merged.linear`.

    The network sees the frames that stand in there, their light encoded as sRGB. Its result is brought to each frame's
    scale by the median over bright pixels that both know, and counts in channels that clip, only above what they hold:
    a filled channel is never darker than the camera's white, so lights are neither black nor short of a colour.
    """
    certainty = Certainty(response, np.iinfo(frames[0].pixels.dtype).max + 1)
    reconstructor = replace(reconstructor, response="declared")
    light = srgb_encode(torch.from_numpy(certainty.light)) * (len(certainty.light) - 1)
    as_srgb = light.round().numpy().astype(frames[0].pixels.dtype)
    for frame, source in zip(frames, merged.sources, strict=True):
        wanted = (merged.missing > 0) & (source > 0)
        parts = list(_parts(wanted))
        patches = list(zip(parts, reconstructor.parts(as_srgb[frame.pixels], parts), strict=True))
        gain = _gain([(frame.pixels[part], result) for part, result in patches], certainty)
        for part, result in patches:
            codes = frame.pixels[part]
            told, clipped = certainty.light[codes], 1 - certainty.trust[codes]
            more = clipped * np.maximum(result * np.float32(gain) - told, 0) / np.float32(frame.gain)
            share = np.where(wanted[part], merged.missing[part] / np.float32(255) * (source[part] / np.float32(255)), 0)
            merged.linear[part] += share[:, :, None] * more
            wanted[part] = False  # rectangles overlap
    return merged.linear


def _parts(wanted: Bool[np.ndarray, "height width"]) -> Iterator[tuple[slice, slice]]:
    """A rectangle in each tile around what is wanted there."""
    height, width = wanted.shape
    for top in range(0, height, _TILE):
        for left in range(0, width, _TILE):
            across, down, columns, rows = cv2.boundingRect(
                wanted[top : top + _TILE, left : left + _TILE].astype(np.uint8)
            )
            if rows:
                first, start = top + down, left + across
                yield (
                    slice(max(first - _AROUND, 0), min(first + rows + _AROUND, height)),
                    slice(max(start - _AROUND, 0), min(start + columns + _AROUND, width)),
                )


def _gain(patches: Sequence[tuple[np.ndarray, np.ndarray]], certainty: Certainty) -> float:
    """Measured light / the network's, dimensionless; 1 where nothing bright is left to compare."""
    ratios = []
    for codes, result in patches:
        light = certainty.light[codes]
        ring = (light.max(axis=2) > _RING[0]) & (light.max(axis=2) < _RING[1]) & (result.min(axis=2) > 0)
        ratios.append(light[ring].sum(axis=-1) / result[ring].sum(axis=-1))
    every = np.concatenate(ratios) if ratios else np.empty(0)
    return float(np.clip(np.median(every), *_GAINS)) if every.size else 1.0
