"""8-bit PNG pictures for ordinary screens."""

from pathlib import Path

import imageio.v3 as iio
import numpy as np
from jaxtyping import Float
from torch import Tensor

from twostage_hdr.imaging.atomic import atomic_path
from twostage_hdr.imaging.pixel_arrays import PreviewPixels


def write_png8(path: Path, pixels: PreviewPixels) -> None:
    """Writes 8-bit RGB; the file is replaced atomically."""
    with atomic_path(path) as temporary:
        iio.imwrite(temporary, pixels, plugin="pillow", extension=".png")


def eight_bit(image: Float[Tensor, "3 height width"]) -> PreviewPixels:
    """Values that are already encoded for a display, 1.0 = its white, as 8-bit pixels; the rest is clipped."""
    pixels = (image.detach().cpu().clamp(0, 1) * 255).round().byte().permute(1, 2, 0)
    return np.ascontiguousarray(pixels.numpy())
