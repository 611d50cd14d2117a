"""Didyk et al. 2008, enhancement of bright video features: lights and reflections are boosted, diffuse surfaces not."""

from enum import IntEnum

import numpy as np
import torch
from jaxtyping import Int
from torch import Tensor

from twostage_hdr.errors import InputError
from twostage_hdr.expansion.luminance_expansion import DisplayRGB, LdrFrame, connected_regions, drawn_on, for_each_image
from twostage_hdr.radiometry.exposure import clipped_mask

REFLECTION_SHARE = 0.25
"""Boost of a reflection in shares of a light's; our choice, the paper sets its curves from gradients and histograms."""

REFLECTION_AREA = 2e-4
"""Up to this share of the image an unmarked clipped region is read as a reflection: 400 px of 1900x1060."""

LIGHT_AREA = 0.05
"""Up to this share it is read as a light; a larger one as a diffuse surface or the sky."""


class Feature(IntEnum):
    """What a clipped region shows; the values of the marks."""

    UNMARKED = 0
    DIFFUSE = 1
    REFLECTION = 2
    LIGHT = 3


def didyk2008(
    frame: LdrFrame,
    *,
    marks: Int[Tensor, "*marked 1 rows columns"] | None = None,
    clipped_from: float = 254 / 255,
    rising_from: float = 230 / 255,
) -> DisplayRGB:
    """Boost clipped regions by what they show [didyk2008]: L' = white L + s (peak - white) L w.

    A region is a connected set of pixels whose largest channel m reaches `rising_from` and somewhere `clipped_from`;
    w = smoothstep((m - rising_from) / (clipped_from - rising_from)) leads into it without an edge. s is 1 for lights,
    1/4 for reflections, 0 for diffuse surfaces and everything else.

    The paper's regions are classified by a support vector machine and corrected by its user. Here `marks` are the
    user's: a region takes the highest mark drawn on any of its pixels. A region without a mark is classified by its
    size: specks are reflections, larger ones lights, those above 5 % of the image diffuse. That, and the curve, are
    approximations.

    Args:
        marks: (1, H, W) for all images or (B, 1, H, W), of `Feature` values; None leaves all to the sizes.
        clipped_from: a pixel is clipped from here on, encoded; 248/255 for HdM frames.
        rising_from: the boost begins here, encoded; below `clipped_from`.

    Raises:
        InputError: if the marks do not fit the image, or the boost does not begin below the clipping point.
    """
    if not rising_from < clipped_from:
        raise InputError("rising_from", f"{rising_from} is not below clipped_from = {clipped_from}", "lower it")
    L = frame.L
    largest = frame.encoded.amax(-3, keepdim=True)
    ramp = ((largest - rising_from) / (clipped_from - rising_from)).clamp(0, 1)
    w = ramp**2 * (3 - 2 * ramp)
    marks = torch.zeros_like(L, dtype=torch.int64) if marks is None else drawn_on("marks", marks, L)
    bright, clipped = clipped_mask(frame.encoded, rising_from), clipped_mask(frame.encoded, clipped_from)
    s = for_each_image(_boosts, bright, clipped, marks).to(L)
    return frame.with_luminance(L * (frame.white + s * (frame.peak - frame.white) * w))


def _boosts(bright: Tensor, clipped: Tensor, marks: Tensor) -> Tensor:
    """The share s of each pixel's region, (H, W)."""
    labels, statistics = connected_regions(bright)
    area = statistics[:, -1] / labels.size
    by_size = [Feature.REFLECTION, Feature.LIGHT]
    features = np.select([area <= REFLECTION_AREA, area <= LIGHT_AREA], by_size, Feature.DIFFUSE)
    marked = _highest_in_region(labels, marks, len(statistics))
    features = np.where(marked > 0, marked, features)
    features[_highest_in_region(labels, clipped, len(statistics)) == 0] = Feature.DIFFUSE
    features[0] = Feature.DIFFUSE  # label 0 is what belongs to no region
    share = np.select([features == Feature.LIGHT, features == Feature.REFLECTION], [1.0, REFLECTION_SHARE])
    return torch.from_numpy(share[labels]).to(marks.device)


def _highest_in_region(labels: np.ndarray, values: Tensor, regions: int) -> np.ndarray:
    highest = np.zeros(regions, dtype=np.int64)
    np.maximum.at(highest, labels.ravel(), values.detach().cpu().numpy().ravel().astype(np.int64))
    return highest
