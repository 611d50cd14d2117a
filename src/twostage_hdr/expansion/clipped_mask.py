"""Where an LDR frame is clipped, by its values or by a user's hand, and the connected regions of such a mask."""

import cv2
import numpy as np
from jaxtyping import Bool, Int32
from torch import Tensor

from twostage_hdr.errors import InputError
from twostage_hdr.radiometry.quantities import EncodedRGB, RelativeLuminance

ROUNDING = 1e-6
"""A code value may come out this much below its exact quotient in float32."""


def clipped_mask(ldr: EncodedRGB, threshold: float) -> Bool[Tensor, "*batch 1 height width"]:
    """True where the largest channel reaches `threshold` (encoded; e.g. 254/255, or 248/255 for HdM frames)."""
    return ldr.amax(-3, keepdim=True) >= threshold - ROUNDING


def connected_regions(mask: Bool[Tensor, "height width"]) -> tuple[Int32[np.ndarray, "height width"], np.ndarray]:
    """Label 8-connected regions: labels (0 outside, 1...n) and OpenCV's statistics rows (x, y, width, height, area)."""
    binary = mask.detach().cpu().numpy().astype(np.uint8)
    _, labels, statistics, _ = cv2.connectedComponentsWithStats(binary, connectivity=8)
    return labels, statistics


def drawn_on(name: str, mask: Tensor, image: RelativeLuminance) -> Tensor:
    """A user's mask at the image's batch size and on its device.

    Raises:
        InputError: if it is not one mask of the image's size, or one for each image of the batch.
    """
    if mask.shape != image.shape and mask.shape != image.shape[-3:]:
        wanted = " or ".join(str(tuple(shape)) for shape in dict.fromkeys((image.shape[-3:], image.shape)))
        raise InputError(f"{name}: shape {tuple(mask.shape)} does not fit the image; give {wanted}")
    return mask.to(image.device).expand(image.shape)
