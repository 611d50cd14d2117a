"""Several exposures of a scene as one tensor: what a network of several shots sees."""

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from twostage_hdr.radiometry.gamma import decode_gamma
from twostage_hdr.radiometry.quantities import EncodedRGB

ExposureStack = Float[Tensor, "*batch frames 2 3 height width"]
"""The reference frame first. Of each frame: as encoded, in [0, 1]; and linear, on the reference frame's scale."""


def stack_exposures(frames: Sequence[EncodedRGB], stops: Sequence[float]) -> ExposureStack:
    """Joins frames that are encoded with gamma 2.24.

    Args:
        frames: (3, H, W) each, in [0, 1], the reference first.
        stops: their exposures relative to the reference.
    """
    return torch.stack(
        [torch.stack((frame, decode_gamma(frame) * 2.0**-stop)) for frame, stop in zip(frames, stops, strict=True)]
    )


def reference_frame(ldr: Tensor) -> EncodedRGB:
    """The encoded reference frame of a stack; a single frame, (3, H, W) or (B, 3, H, W), is its own."""
    return ldr if ldr.ndim <= 4 else ldr.select(-5, 0).select(-4, 0)


def frame_count(ldr: Tensor) -> int:
    """Exposures in a stack; 1 of a single frame, (3, H, W) or (B, 3, H, W)."""
    return 1 if ldr.ndim <= 4 else ldr.shape[-5]
