"""HDRCNN's encoder started from a VGG16 that was trained to classify [eilertsen2017hdrcnn]."""

from pathlib import Path

import torch
from torch import nn

from twostage_hdr.errors import InputError
from twostage_hdr.losses.baselines.vgg19 import read_vgg_convolutions, to_caffe_input
from twostage_hdr.networks.baselines.hdrcnn import HDRCNN


def initialise_encoder(network: HDRCNN, path: Path) -> None:
    """Fills the encoder's 13 convolutions from torchvision's VGG16 file (`.pth`) or Keras's (`.h5`), in place.

    The source starts from a VGG16 trained on the Places data; without a file, training starts from He's distribution.

    Raises:
        InputError: The file is not a VGG16's, or the network does not have the published width.
    """
    layers = [layer for layer in network.encoder.modules() if isinstance(layer, nn.Conv2d)]
    found = read_vgg_convolutions(path, count=len(layers))
    found[0] = to_caffe_input(*found[0])
    with torch.no_grad():
        for layer, (weight, bias) in zip(layers, found, strict=True):
            if layer.weight.shape != weight.shape or layer.bias is None:
                raise InputError(
                    path,
                    f"a convolution has shape {tuple(weight.shape)}, the network {tuple(layer.weight.shape)}",
                    "give VGG16's file, and features=64",
                )
            layer.weight.copy_(weight)
            layer.bias.copy_(bias)
