"""The frame that all operators share: linearise, expand the luminance, keep the colour.

encoded --(gamma)--> linear RGB --> L --(the operator)--> L' [cd/m^2]
                        |                                 |
                        +------------ x L'/L -------------+--> linear RGB [cd/m^2]
"""

from collections.abc import Callable
from typing import NamedTuple, TypeAlias

import cv2
import numpy as np
import torch
from jaxtyping import Bool, Float, Int32
from torch import Tensor

from twostage_hdr.errors import InputError
from twostage_hdr.radiometry.gamma import HDM_GAMMA, decode_gamma
from twostage_hdr.radiometry.luminance import luminance
from twostage_hdr.radiometry.photometry import WHITE
from twostage_hdr.radiometry.quantities import EncodedRGB, LinearRGB, Luminance, RelativeLuminance

DisplayRGB: TypeAlias = Float[Tensor, "*batch 3 height width"]
"""Linear Rec. 709 RGB in cd/m^2, (3,H,W) or (B,3,H,W)."""

DEFAULT_PEAK_RATIO = 10.0
"""Peak over white where the caller names no peak; the same for all operators, so that they compare."""

LOG_FLOOR = 1e-6
"""Added to relative luminances before a logarithm, so that black pixels count but do not dominate."""

PER_IMAGE = (-3, -2, -1)
"""The dimensions of one image in a (..., 1, H, W) luminance."""


class LdrFrame(NamedTuple):
    """An LDR frame, and the light that it is expanded to; (3,H,W) or (B,3,H,W)."""

    encoded: EncodedRGB
    linear: LinearRGB
    L: RelativeLuminance
    """Luminance of `linear`, [0, 1]."""
    gamma: float
    """Exponent between `encoded` and `linear`."""
    white: float
    """Luminance of a linear 1.0 that is not expanded, cd/m^2."""
    peak: float
    """Luminance of the brightest light of the result, cd/m^2."""

    def with_luminance(self, new: Luminance) -> DisplayRGB:
        """The frame's colours at a new luminance, cd/m^2: x L'/L, and 0 where L = 0. Chromaticity is kept."""
        return self.linear * torch.where(self.L > 0, new / self.L.clamp(min=torch.finfo(self.L.dtype).tiny), 0)


def ldr_frame(
    ldr: EncodedRGB, *, gamma: float = HDM_GAMMA, white: float = WHITE, max_output: float | None = None
) -> LdrFrame:
    """The frame made linear, with the display's luminances.

    Args:
        ldr: (3,H,W) or (B,3,H,W), encoded, [0, 1].
        gamma: exponent that linearises it.
        white: luminance of linear 1.0, cd/m^2; operators that stretch the whole range take the default peak from it.
        max_output: the peak, cd/m^2; None is 10 x white.

    Raises:
        InputError: if a value lies outside [0, 1] or is not a number, or a setting is not positive.
    """
    if not white > 0:
        raise InputError("white", f"{white} cd/m^2 is not positive", "give the luminance of linear 1.0, e.g. 200")
    peak = DEFAULT_PEAK_RATIO * white if max_output is None else max_output
    if not peak > 0:
        raise InputError("max_output", f"{max_output} cd/m^2 is not positive", "give the peak luminance, e.g. 2000")
    if not gamma > 0:
        raise InputError("gamma", f"{gamma} is not a positive exponent", f"give e.g. {HDM_GAMMA}")
    low, high = ldr.aminmax()
    if not (low >= 0 and high <= 1):
        cure = "an LDR frame lies in [0, 1], divide by its white"
        raise InputError("ldr", f"values span {low:.4g} to {high:.4g}", cure)
    linear = decode_gamma(ldr, gamma)
    return LdrFrame(ldr, linear, luminance(linear), gamma, white, peak)


def display_range(peak: float, black_level: float) -> float:
    """What lies between a display's black and its peak, cd/m^2.

    Raises:
        InputError: if the black is negative or not below the peak.
    """
    if not 0 <= black_level < peak:
        seen = f"{black_level} cd/m^2 is not from 0 to below the display's {peak:g} cd/m^2"
        raise InputError("black_level", seen, "lower it or raise max_output")
    return peak - black_level


def log_mean(relative: RelativeLuminance) -> Tensor:
    """Log average per image, exp(mean ln(L + 1e-6)), (..., 1, 1, 1)."""
    return (relative + LOG_FLOOR).log().mean(PER_IMAGE, keepdim=True).exp()


def maximum(relative: RelativeLuminance) -> Tensor:
    """Maximum per image, (..., 1, 1, 1); 1 for a black image, so that it can divide."""
    peak = relative.amax(PER_IMAGE, keepdim=True)
    return torch.where(peak > 0, peak, 1)


def for_each_image(function: Callable[..., Tensor], *maps: Tensor) -> Tensor:
    """Apply a function of (H, W) maps to the corresponding maps of (..., 1, H, W) tensors; same shape out."""
    shape = maps[0].shape
    planes = [tensor.reshape(-1, *shape[-2:]).unbind(0) for tensor in maps]
    return torch.stack([function(*one) for one in zip(*planes, strict=True)]).reshape(shape)


def connected_regions(mask: Bool[Tensor, "height width"]) -> tuple[Int32[np.ndarray, "height width"], np.ndarray]:
    """Label 8-connected regions: labels (0 outside, 1...n) and OpenCV's statistics rows (x, y, width, height, area)."""
    binary = mask.detach().cpu().numpy().astype(np.uint8)
    _, labels, statistics, _ = cv2.connectedComponentsWithStats(binary, connectivity=8)
    return labels, statistics
