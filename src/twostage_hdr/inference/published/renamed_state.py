"""A published state dictionary put into our network, tensor by tensor, by a table of names."""

from collections.abc import Mapping
from pathlib import Path
from typing import TypeVar

import torch
from torch import Tensor, nn

from twostage_hdr.errors import InputError
from twostage_hdr.inference.published.restricted_pickle import load_inert

Network = TypeVar("Network", bound=nn.Module)

_PARALLEL_PREFIX = "module."  # nn.DataParallel


def load_renamed(path: Path, network: Network, published_names: Mapping[str, str]) -> Network:
    """Reads a file saved with torch.save, without running its code, and fills the network; eval mode.

    Args:
        path: A state dictionary.
        network: Filled in place and returned.
        published_names: Published name of each of the network's layers (without `.weight`, `.bias`).

    Raises:
        InputError: The file cannot be read; or a tensor is missing, of another shape, not finite, or not expected.
    """
    state = load_inert(path)
    if not isinstance(state, Mapping):
        raise InputError(f"{path}: holds a {type(state).__name__}, not a state dictionary; give the published weights")
    published = {str(name).removeprefix(_PARALLEL_PREFIX): value for name, value in state.items()}
    renamed: dict[str, Tensor] = {}
    for ours, parameter in network.state_dict().items():
        layer, _, kind = ours.rpartition(".")
        theirs = f"{published_names[layer]}.{kind}"
        renamed[ours] = checked(published.pop(theirs, None), theirs, parameter, path)
    if published:
        raise InputError(f"{path}: unexpected tensor '{min(published)}'; give {type(network).__name__}'s weights")
    network.load_state_dict(renamed)
    return network.eval()


def checked(value: object, name: str, expected: Tensor, path: Path) -> Tensor:
    """`value` as float32 on the CPU, if it is a finite tensor of the expected shape; else InputError."""
    if not isinstance(value, Tensor):
        raise InputError(f"{path}: tensor '{name}' is missing; give the weights of the right method")
    if value.shape != expected.shape:
        raise InputError(
            f"{path}: '{name}' has shape {tuple(value.shape)}, not {tuple(expected.shape)}; "
            "give the weights of the right method"
        )
    if not torch.isfinite(value).all():
        raise InputError(f"{path}: '{name}' holds values that are not finite; download the file again")
    return value.detach().to("cpu", torch.float32)
