"""How weights lie in memory."""

from typing import TypeVar

import torch
from torch import nn

Network = TypeVar("Network", bound=nn.Module)


def to_channels_last(network: Network) -> Network:
    """Lays 2-D convolution weights out with channels last, in place: faster with oneDNN on CPUs and on tensor cores.

    `nn.Module.to(memory_format=...)` refuses networks that also hold 3-D convolutions; those stay as they are here.
    """
    for parameter in network.parameters():
        if parameter.dim() == 4:
            parameter.data = parameter.data.contiguous(memory_format=torch.channels_last)
    return network
