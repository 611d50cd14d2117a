"""HDRCNN's published parameters [eilertsen2017hdrcnn]."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from twostage_hdr.errors import InputError
from twostage_hdr.inference.published.renamed_state import checked
from twostage_hdr.inference.published.restricted_pickle import read_object_array
from twostage_hdr.networks.baselines.hdrcnn import HDRCNN, PUBLISHED_GAMMA

ARRAY_NAME = "params"
"""The one array of the published archive: a list of arrays in the order in which the layers were built."""

_CONV_AXES = (3, 2, 0, 1)  # (height, width, in, out) -> (out, in, height, width)
_DECONV_AXES = (3, 2, 0, 1)  # (height, width, out, in) -> (in, out, height, width)


def load_hdrcnn(path: Path, *, gamma: float = PUBLISHED_GAMMA) -> HDRCNN:
    """The network with the parameters of a published `.npz`, on the CPU, in eval mode.

    The archive pickles a list of arrays: weights and biases layer by layer (height, width, in, out; deconvolutions
    height, width, out, in), and after each batch normalization offset, scale, mean, variance. The pickle is read
    without running code.

    Args:
        path: The archive, to be downloaded by the user from the method's page.
        gamma: Exponent that linearises the input where it is kept: 2.0 as published; 2.24 fits HdM data.

    Raises:
        InputError: The file cannot be read, or its arrays are not HDRCNN's.
    """
    arrays = read_object_array(path, ARRAY_NAME)
    network = HDRCNN(gamma=gamma)
    slots = list(_slots(network))
    if len(arrays) != len(slots):
        raise InputError(path, f"{len(arrays)} arrays, HDRCNN has {len(slots)}", "give HDRCNN's parameters")
    with torch.no_grad():
        for index, (array, (tensor, axes)) in enumerate(zip(arrays, slots, strict=True)):
            value = array.transpose(axes) if array.ndim == len(axes) else array
            value = np.ascontiguousarray(value, dtype=np.float32)
            tensor.copy_(checked(torch.from_numpy(value), f"array {index}", tensor, path))
    return network.eval()


def _slots(network: HDRCNN) -> Iterator[tuple[Tensor, tuple[int, ...]]]:
    """Our tensors in the archive's order, each with the axes that bring the archive's layout to ours."""
    for layer in _layers(network):
        if isinstance(layer, nn.BatchNorm2d):
            statistics = (layer.bias, layer.weight, layer.running_mean, layer.running_var)
            yield from ((tensor, (0,)) for tensor in statistics if tensor is not None)
        elif isinstance(layer, nn.Conv2d | nn.ConvTranspose2d):
            yield layer.weight, _CONV_AXES if isinstance(layer, nn.Conv2d) else _DECONV_AXES
            if layer.bias is not None:
                yield layer.bias, (0,)


def _layers(network: HDRCNN) -> Iterator[nn.Module]:
    """Layers in the order in which the published program builds them."""
    yield from network.encoder.modules()
    yield from network.latent.modules()
    yield from network.upsample[0].modules()
    for fuse, upsample in zip(network.fuse, network.upsample[1:], strict=False):
        yield from fuse.modules()
        yield from upsample.modules()
    yield from network.fuse[-1].modules()
    yield from network.to_rgb.modules()
    yield from network.fuse_input.modules()
