"""Distance between the VGG19 features of two images, with weights from a local file."""

import warnings
from pathlib import Path

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from twostage_hdr.losses.baselines.vgg_file import IMAGENET_MEAN, IMAGENET_STD, read_vgg_convolutions

LAYER_WEIGHTS = (1 / 32, 1 / 16, 1 / 8, 1 / 4, 1.0)
"""Weights of the features after conv1_1, conv2_1, conv3_1, conv4_1, conv5_1 and their ReLUs [khan2019fhdr]."""

_POOL_BEFORE = frozenset({2, 4, 8, 12})  # convolutions, counted from 0, that open the stages 2..5
_COMPARED = (0, 2, 4, 8, 12)
_DEPTH = _COMPARED[-1] + 1


class VGG19Distance(nn.Module):
    """sum_l w_l mean |phi_l(p) - phi_l(t)| over five layers; no gradient reaches the target.

    The images are normalised with ImageNet's mean and deviation, as the weights expect (the published code of FHDR
    forgets it).

    Args:
        weights: torchvision's VGG19 file (`.pth`) or Keras's (`.h5`).
    """

    def __init__(self, *, weights: Path) -> None:
        super().__init__()
        for index, (weight, bias) in enumerate(read_vgg_convolutions(weights, count=_DEPTH)):
            # Not persistent: a checkpoint of the training must not need, or carry, a copy of the file.
            self.register_buffer(f"weight{index}", weight, persistent=False)
            self.register_buffer(f"bias{index}", bias, persistent=False)

    def forward(
        self, prediction: Float[Tensor, "batch 3 height width"], target: Float[Tensor, "batch 3 height width"]
    ) -> Float[Tensor, ""]:
        """Scalar >= 0. Both images in [0, 1], of 16 px or more on each side."""
        compared = zip(LAYER_WEIGHTS, self._features(prediction), self._features(target.detach()), strict=True)
        return torch.stack([weight * (p - t).abs().mean() for weight, p, t in compared]).sum()

    def _features(self, image: Tensor) -> list[Tensor]:
        mean, std = (image.new_tensor(values).view(1, 3, 1, 1) for values in (IMAGENET_MEAN, IMAGENET_STD))
        x, features = (image - mean) / std, []
        for index in range(_DEPTH):
            weight, bias = self.get_buffer(f"weight{index}").to(x), self.get_buffer(f"bias{index}").to(x)
            x = F.relu(F.conv2d(F.max_pool2d(x, 2) if index in _POOL_BEFORE else x, weight, bias, padding=1))
            if index in _COMPARED:
                features.append(x)
        return features


def optional_vgg19_distance(weights: str | Path | None, *, loss: str) -> VGG19Distance | None:
    """The distance, or None with a warning that names the loss which does without it."""
    if weights is None:
        warnings.warn(
            f"{loss}: trained without its VGG19 term; set vgg19_weights to torchvision's VGG19 file to have it",
            stacklevel=3,
        )
        return None
    return VGG19Distance(weights=Path(weights))
