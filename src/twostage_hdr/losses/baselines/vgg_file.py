"""Convolutions of a VGG network, read from a local torchvision or Keras file."""

import pickle
import re
from pathlib import Path

import torch
from torch import Tensor

from twostage_hdr.errors import InputError

IMAGENET_MEAN, IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
"""What torchvision's VGGs expect R, G, B in [0, 1] to be normalised with."""

CAFFE_RGB_MEAN = (123.68, 116.779, 103.939)
"""What the original VGGs, and Keras's, expect to be taken off R, G, B in [0, 255], before the order becomes B, G, R."""

_TORCHVISION_KEY = re.compile(r"^(?:features\.)?(\d+)\.(weight|bias)$")
_KERAS_LAYER = re.compile(r"block(\d+)_conv(\d+)")


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
    if not path.is_file():
        raise InputError(f"{path}: no such file; give torchvision's VGG weights (.pth) or Keras's (.h5)")
    found = _read_keras(path) if path.suffix in {".h5", ".hdf5"} else _read_torchvision(path)
    if len(found) < count:
        raise InputError(f"{path}: {len(found)} convolutions found, {count} needed; give the file of the right VGG")
    return found[:count]


def _read_torchvision(path: Path) -> list[tuple[Tensor, Tensor]]:
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except (pickle.UnpicklingError, RuntimeError, EOFError, ValueError) as error:
        raise InputError(f"{path}: not a torch state dictionary; give torchvision's VGG weights (.pth)") from error
    layers: dict[int, dict[str, Tensor]] = {}
    for key, value in state.items():
        if (match := _TORCHVISION_KEY.match(key)) and value.ndim in (1, 4):
            layers.setdefault(int(match[1]), {})[match[2]] = value.float()
    return [(layers[index]["weight"], layers[index]["bias"]) for index in sorted(layers)]


def _read_keras(path: Path) -> list[tuple[Tensor, Tensor]]:
    try:
        import h5py
    except ImportError as error:
        raise InputError(f"{path}: reading Keras's .h5 needs the package h5py; pip install h5py") from error
    layers: dict[tuple[int, int], dict[int, Tensor]] = {}

    def collect(name: str, item: object) -> None:
        if (match := _KERAS_LAYER.search(name)) and isinstance(item, h5py.Dataset):
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


def to_caffe_input(weight: Tensor, bias: Tensor) -> tuple[Tensor, Tensor]:
    """The inverse: a first convolution of normalised R, G, B -> the same of B, G, R in [-mean, 255 - mean]."""
    mean, std, caffe_mean = (torch.tensor(values) for values in (IMAGENET_MEAN, IMAGENET_STD, CAFFE_RGB_MEAN))
    rgb = weight / (255 * std).view(1, 3, 1, 1)
    return rgb.flip(1), bias - (rgb.sum(dim=(2, 3)) * (255 * mean - caffe_mean)).sum(dim=1)
