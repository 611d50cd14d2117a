"""Padding images to the side lengths that networks with strides need."""

import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor


def pad_to_multiple(
    image: Float[Tensor, "batch channels height width"], multiple: int
) -> Float[Tensor, "batch channels padded_height padded_width"]:
    """Repeats the last row and column until both sides are multiples of `multiple` (pixels).

    Repeating works for any side >= 1 (a reflection needs more pixels than it adds). Crop the result with
    `[..., :height, :width]`.
    """
    height, width = image.shape[-2:]
    bottom, right = -height % multiple, -width % multiple
    return F.pad(image, (0, right, 0, bottom), mode="replicate") if bottom or right else image
