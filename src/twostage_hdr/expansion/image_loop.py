"""Loop over the images of a batch, for the steps that treat one image at a time."""

from collections.abc import Callable

import torch
from torch import Tensor


def for_each_image(function: Callable[..., Tensor], *maps: Tensor) -> Tensor:
    """Apply a function of (H, W) maps to the corresponding maps of (..., 1, H, W) tensors; same shape out."""
    shape = maps[0].shape
    planes = [tensor.reshape(-1, *shape[-2:]).unbind(0) for tensor in maps]
    return torch.stack([function(*one) for one in zip(*planes, strict=True)]).reshape(shape)
