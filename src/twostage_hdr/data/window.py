"""Where a training crop lies: a random crop in a random patch of an image of any size."""

from dataclasses import dataclass

import numpy as np
import torch.nn.functional as F
from jaxtyping import Float, Shaped
from torch import Tensor


@dataclass(frozen=True)
class Window:
    """A square crop inside a square patch, placed by four numbers in [0, 1), so that it fits any image.

    Attributes:
        patch: side of the patch in px (the published 256).
        crop: side of the crop in px (the published 128).
        patch_at: the patch's place (down, right) as fractions of the free range.
        crop_at: the crop's place inside the patch, in the same form.
        zoom: side of the image region that becomes one crop, as a multiple of `crop`: 2 shows twice the area at half
            the resolution. Only sources of linear HDR images can resample; others ignore it.
    """

    patch: int
    crop: int
    patch_at: tuple[float, float] = (0.0, 0.0)
    crop_at: tuple[float, float] = (0.0, 0.0)
    zoom: float = 1.0

    def region(self, height: int, width: int, *, zoom: bool = False) -> tuple[slice, slice]:
        """Rows and columns of the crop in an image of `height` x `width` px; at most the image itself."""
        factor = min(self.zoom, height / self.crop, width / self.crop) if zoom else 1.0
        side = max(round(self.crop * max(factor, 1.0)), 1)
        patch = max(self.patch, side)
        rows = _place(height, patch, side, self.patch_at[0], self.crop_at[0])
        return rows, _place(width, patch, side, self.patch_at[1], self.crop_at[1])


def _place(length: int, patch: int, side: int, patch_at: float, crop_at: float) -> slice:
    patch, side = min(patch, length), min(side, length)
    start = int(patch_at * (length - patch + 1)) + int(crop_at * (patch - side + 1))
    return slice(start, start + side)


def fill(image: Float[Tensor, "channels height width"], side: int) -> Float[Tensor, "channels side1 side2"]:
    """An image smaller than the crop is continued by its edge pixels, so that batches keep one size."""
    height, width = image.shape[-2:]
    missing = (0, max(side - width, 0), 0, max(side - height, 0))
    return F.pad(image[None], missing, mode="replicate")[0] if any(missing) else image


def fill_pixels(pixels: Shaped[np.ndarray, "*frames height width 3"], side: int) -> np.ndarray:
    """The same for arrays, channels last."""
    missing = [(0, max(side - length, 0)) for length in pixels.shape[-3:-1]]
    return np.pad(pixels, [*[(0, 0)] * (pixels.ndim - 3), *missing, (0, 0)], mode="edge")
