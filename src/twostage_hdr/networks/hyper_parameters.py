"""A network's constructor arguments as plain values, and the memory layout that convolutions are fastest in."""

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias, TypeVar

import torch
from torch import nn

HyperParameters: TypeAlias = dict[str, int | float | str | bool | list[int]]
"""`type(network)(**network.hyper_parameters)` builds the same architecture; written into the header of weight files."""

Network = TypeVar("Network", bound=nn.Module)


def constructor_arguments(variables: Mapping[str, Any]) -> HyperParameters:
    """The arguments of a constructor, sequences as lists.

    Args:
        variables: its `locals()` when it has assigned none of its own.
    """
    return {
        name: list(value) if isinstance(value, Sequence) and not isinstance(value, str) else value
        for name, value in variables.items()
        if name not in ("self", "__class__")
    }


def to_channels_last(network: Network) -> Network:
    """Lays 2-D convolution weights out with channels last, in place: faster with oneDNN on CPUs and on tensor cores.

    `nn.Module.to(memory_format=...)` refuses networks that also hold 3-D convolutions; those stay as they are here.
    """
    for parameter in network.parameters():
        if parameter.dim() == 4:
            parameter.data = parameter.data.contiguous(memory_format=torch.channels_last)
    return network
