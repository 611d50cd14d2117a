"""Didyk et al. 2008, enhancement of bright video features: lights and reflections are boosted, diffuse surfaces not."""

import numpy as np
import torch
from torch import Tensor

from twostage_hdr.errors import InputError
from twostage_hdr.expansion.luminance_expansion import DisplayRGB, LdrFrame, connected_regions, for_each_image
from twostage_hdr.radiometry.exposure import clipped_mask

REFLECTION_SHARE = 0.25
"""Boost of a reflection in shares of a light's; our choice, the paper sets its curves from gradients and histograms."""

REFLECTION_AREA = 2e-4
"""Up to this share of the image a clipped region is read as a reflection: 400 px of 1900x1060."""

LIGHT_AREA = 0.05
"""Up to this share it is read as a light; a larger one as a diffuse surface or the sky."""


def didyk2008(frame: LdrFrame, *, clipped_from: float = 254 / 255, rising_from: float = 230 / 255) -> DisplayRGB:
    """Boost clipped regions by what they show [didyk2008]: L' = white L + s (peak - white) L w.

    A region is a connected set of pixels whose largest channel m reaches `rising_from` and somewhere `clipped_from`;
    w = smoothstep((m - rising_from) / (clipped_from - rising_from)) leads into it without an edge. s is 1 for lights,
    1/4 for reflections, 0 for diffuse surfaces and everything else.

    The paper's regions are classified by a support vector machine and corrected by its user. Here they are classified
    by their size: specks are reflections, larger ones lights, those above 5 % of the image diffuse. That, and the
    curve, are approximations.

    Args:
        clipped_from: a pixel is clipped from here on, encoded; 248/255 for HdM frames.
        rising_from: the boost begins here, encoded; below `clipped_from`.

    Raises:
        InputError: if the boost does not begin below the clipping point.
    """
    if not rising_from < clipped_from:
        raise InputError("rising_from", f"{rising_from} is not below clipped_from = {clipped_from}", "lower it")
    L = frame.L
    largest = frame.encoded.amax(-3, keepdim=True)
    ramp = ((largest - rising_from) / (clipped_from - rising_from)).clamp(0, 1)
    w = ramp**2 * (3 - 2 * ramp)
    bright, clipped = clipped_mask(frame.encoded, rising_from), clipped_mask(frame.encoded, clipped_from)
    s = for_each_image(_boosts, bright, clipped).to(L)
    return frame.with_luminance(L * (frame.white + s * (frame.peak - frame.white) * w))


def _boosts(bright: Tensor, clipped: Tensor) -> Tensor:
    """The share s of each pixel's region, (H, W)."""
    labels, statistics = connected_regions(bright)
    area = statistics[:, -1] / labels.size
    share = np.select([area <= REFLECTION_AREA, area <= LIGHT_AREA], [REFLECTION_SHARE, 1.0], 0.0)
    clips = np.bincount(labels.ravel(), clipped.cpu().numpy().ravel(), minlength=len(share)) > 0
    share *= clips & (np.arange(len(share)) > 0)  # label 0 is what belongs to no region
    return torch.from_numpy(share[labels]).to(bright.device)
