"""What a network costs: parameters and multiply-adds."""

from typing import NamedTuple

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode


class Complexity(NamedTuple):
    """A network's cost: trainable parameters, and multiply-adds per pixel of its input."""

    parameters: int
    multiply_adds_per_pixel: float


def measure_complexity(network: nn.Module, *, height: int = 256, width: int = 256) -> Complexity:
    """Counts trainable parameters and, on one image of zeros, the multiply-adds of convolutions and matrix products.

    Additions, activations and resampling are not counted, as is usual. Networks with a branch of fixed size cost less
    per pixel on larger images: say the size with the number.

    Args:
        network: maps (1, 3, H, W) to an image.
        height: of the probe, px.
        width: of the probe, px.
    """
    device = next((parameter.device for parameter in network.parameters()), torch.device("cpu"))
    counter = FlopCounterMode(display=False)
    training = network.training
    network.eval()
    with torch.no_grad(), counter:
        network(torch.zeros(1, 3, height, width, device=device))
    network.train(training)
    parameters = sum(parameter.numel() for parameter in network.parameters() if parameter.requires_grad)
    # A multiply-add is two floating-point operations.
    return Complexity(parameters, counter.get_total_flops() / 2 / (height * width))
