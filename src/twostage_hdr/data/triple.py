"""The unit of data: an LDR frame and its two references."""

from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from twostage_hdr.radiometry.quantities import EncodedRGB


class Triple(NamedTuple):
    """One training or test sample; collated, every field gains a leading batch dimension (`scene` becomes a tuple).

    Both references are encoded with gamma 2.24 on the scale where linear 1.0 is the LDR frame's clipping point,
    whatever response curve made the frame.
    """

    ldr: EncodedRGB
    """The 8-bit frame, k/255 in [0, 1]."""
    reference8: EncodedRGB
    """Stage I's target: `reference16` clipped to [0, 1]."""
    reference16: EncodedRGB
    """Stage II's target: in [0, cap], unclipped highlights."""
    scene: str | tuple[str, ...]
    """The scene's id."""
    scale: Float[Tensor, "*batch"]
    """Linear scene units to the linear reference: linear reference = scene * scale."""


def channels_first(pixels: np.ndarray) -> Tensor:
    """Pixels (height, width, 3) of any type as a float tensor (3, height, width)."""
    return torch.from_numpy(np.ascontiguousarray(pixels.transpose(2, 0, 1))).float()
