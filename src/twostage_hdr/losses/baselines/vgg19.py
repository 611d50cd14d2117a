"""Weights of a VGG from a local file, and the distance between two images' VGG19 features."""

import re
import warnings
from pathlib import Path

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from twostage_hdr.boundary.refusal import as_input_error
from twostage_hdr.boundary.regular_file import regular_file
from twostage_hdr.boundary.torch_file import read_torch_file
from twostage_hdr.errors import InputError
from twostage_hdr.radiometry.quantities import EncodedRGB

IMAGENET_MEAN, IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
"""What torchvision's VGGs expect R, G, B in [0, 1] to be normalised with."""

CAFFE_RGB_MEAN = (123.68, 116.779, 103.939)
"""What the original VGGs, and Keras's, expect to be taken off R, G, B in [0, 255], before the order becomes B, G, R."""

_TORCHVISION_KEY = re.compile(r"^(?:features\.)?(\d{1,3})\.(weight|bias)$")

_KERAS_LAYER = re.compile(r"block(\d{1,3})_conv(\d{1,3})")

_MOST_NUMBERS = 512 * 512 * 9
"""Weights of a VGG's largest convolution: a file may declare any size without holding a value."""


def read_vgg_convolutions(path: Path, *, count: int) -> list[tuple[Tensor, Tensor]]:
    """The first `count` convolutions, in order: weights (out, in, 3, 3) and biases (out,), float32.

    The first one takes R, G, B normalised as torchvision does it, whichever file it comes from.

    Args:
        path: torchvision's `.pth` (keys `features.N.weight`), read without running code, or Keras's `.h5`
            (layers `blockM_convN`; needs the package h5py).
        count: Convolutions wanted; VGG16 has 13, VGG19 has 16.

    Raises:
        InputError: The file is missing, of another format, or holds fewer convolutions.
    """
    cure = "give torchvision's VGG weights (.pth) or Keras's (.h5)"
    regular_file(path, cure=cure)
    read = _read_keras if path.suffix in {".h5", ".hdf5"} else _read_torchvision
    with as_input_error(path, cure, "no weights of a VGG"):
        found = read(path)[:count]
        if len(found) < count:
            raise InputError(path, f"{len(found)} convolutions found, {count} needed", "give the file of the right VGG")
        for number, (weight, bias) in enumerate(found):
            if weight.shape[2:] != (3, 3) or bias.shape != weight.shape[:1] or not weight.isfinite().all():
                raise ValueError(f"convolution {number} has weights {tuple(weight.shape)} and bias {tuple(bias.shape)}")
    return found


def _read_torchvision(path: Path) -> list[tuple[Tensor, Tensor]]:
    state = read_torch_file(path, foreign_objects=True)
    layers: dict[int, dict[str, Tensor]] = {}
    for key, value in state.items():
        if (match := _TORCHVISION_KEY.match(str(key))) and value.ndim in (1, 4):
            layers.setdefault(int(match[1]), {})[match[2]] = value.float()
    return [(layers[index]["weight"], layers[index]["bias"]) for index in sorted(layers)]


def _read_keras(path: Path) -> list[tuple[Tensor, Tensor]]:
    try:
        import h5py
    except ImportError as error:
        raise InputError(path, "reading Keras's .h5 needs the package h5py", "pip install h5py") from error
    layers: dict[tuple[int, int], dict[int, Tensor]] = {}

    def collect(name: str, item: object) -> None:
        if (match := _KERAS_LAYER.search(name)) and isinstance(item, h5py.Dataset):
            elsewhere = item.is_virtual or item.external  # its values are in files that it names
            if elsewhere or item.size > _MOST_NUMBERS or item.dtype.kind != "f":
                raise ValueError(f"{name} has shape {item.shape} of {item.dtype}")
            layers.setdefault((int(match[1]), int(match[2])), {})[item.ndim] = torch.from_numpy(item[()]).float()

    with h5py.File(path, "r") as file:
        file.visititems(collect)
    # Keras keeps (height, width, in, out).
    found = [(layers[key][4].permute(3, 2, 0, 1).contiguous(), layers[key][1]) for key in sorted(layers)]
    return [_to_imagenet_input(*found[0]), *found[1:]] if found else []


def _to_imagenet_input(weight: Tensor, bias: Tensor) -> tuple[Tensor, Tensor]:
    """A first convolution of B, G, R in [-mean, 255 - mean] -> the same of normalised R, G, B (but for the border)."""
    mean, std, caffe_mean = (torch.tensor(values) for values in (IMAGENET_MEAN, IMAGENET_STD, CAFFE_RGB_MEAN))
    rgb = weight.flip(1)
    return rgb * (255 * std).view(1, 3, 1, 1), bias + (rgb.sum(dim=(2, 3)) * (255 * mean - caffe_mean)).sum(dim=1)


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
        for name, values in (("mean", IMAGENET_MEAN), ("std", IMAGENET_STD)):
            self.register_buffer(name, torch.tensor(values).view(1, 3, 1, 1), persistent=False)

    def forward(self, prediction: EncodedRGB, target: EncodedRGB) -> Float[Tensor, ""]:
        """Scalar >= 0. Both images in [0, 1], of 16 px or more on each side."""
        compared = zip(LAYER_WEIGHTS, self._features(prediction), self._features(target.detach()), strict=True)
        return torch.stack([weight * (p - t).abs().mean() for weight, p, t in compared]).sum()

    def _features(self, image: Tensor) -> list[Tensor]:
        mean, std = self.get_buffer("mean").to(image), self.get_buffer("std").to(image)
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
