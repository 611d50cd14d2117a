"""Published state dictionaries of ExpandNet and FHDR put into our networks, tensor by tensor, by a table of names."""

from collections.abc import Mapping
from pathlib import Path
from typing import TypeVar

import torch
from torch import Tensor, nn

from twostage_hdr.errors import InputError
from twostage_hdr.inference.published.restricted_pickle import load_inert
from twostage_hdr.networks.baselines.expandnet import ExpandNet
from twostage_hdr.networks.baselines.fhdr import FHDR

Network = TypeVar("Network", bound=nn.Module)

_PARALLEL_PREFIX = "module."  # nn.DataParallel


def load_renamed(
    path: Path, network: Network, published_names: Mapping[str, str], *, entry: str = "", derived: str = ""
) -> Network:
    """Reads a file saved with torch.save, without running its code, and fills the network; eval mode.

    Args:
        path: A state dictionary.
        network: Filled in place and returned.
        published_names: Published name of each of the network's layers (without `.weight`, `.bias`).
        entry: Where in the file the state dictionary is, if it is not the file itself.
        derived: Ending of the names of tensors that follow from others; they are left out.

    Raises:
        InputError: The file cannot be read; or a tensor is missing, of another shape, not finite, or not expected.
    """
    state = load_inert(path)
    if entry and isinstance(state, Mapping):
        state = state.get(entry)
    if not isinstance(state, Mapping):
        raise InputError(path, f"holds a {type(state).__name__}, not a state dictionary", "give the published weights")
    published = {str(name).removeprefix(_PARALLEL_PREFIX): value for name, value in state.items()}
    published = {name: value for name, value in published.items() if not (derived and name.endswith(derived))}
    return fill(network, published, published_names, path)


def fill(network: Network, published: Mapping[str, object], published_names: Mapping[str, str], path: Path) -> Network:
    """Puts tensors under their published names into the network; arguments and errors are those of `load_renamed`."""
    renamed: dict[str, Tensor] = {}
    left = dict(published)
    for ours, parameter in network.state_dict().items():
        layer, _, kind = ours.rpartition(".")
        theirs = f"{published_names[layer]}.{kind}"
        renamed[ours] = checked(left.pop(theirs, None), theirs, parameter, path)
    if left:
        raise InputError(path, f"unexpected tensor '{min(left)}'", f"give {type(network).__name__}'s weights")
    network.load_state_dict(renamed)
    return network.eval()


def checked(value: object, name: str, expected: Tensor, path: Path) -> Tensor:
    """`value` as float32 on the CPU, if it is a finite tensor of the expected shape; else InputError."""
    cure = "give the weights of the right method"
    if not isinstance(value, Tensor):
        raise InputError(path, f"tensor '{name}' is missing", cure)
    if value.shape != expected.shape:
        raise InputError(path, f"'{name}' has shape {tuple(value.shape)}, not {tuple(expected.shape)}", cure)
    if broken := int((~torch.isfinite(value)).sum()):
        seen = f"{broken} of {value.numel()} values of '{name}' are NaN or infinite"
        raise InputError(path, seen, "download the file again")
    return value.detach().to("cpu", torch.float32)


EXPANDNET_NAMES = {
    "local.0": "local_net.0.0",
    "local.2": "local_net.1.0",
    "dilated.0": "mid_net.0.0",
    "dilated.2": "mid_net.1.0",
    "dilated.4": "mid_net.2.0",
    "dilated.6": "mid_net.3",
    "whole.0": "glob_net.0.0",
    "whole.2": "glob_net.1.0",
    "whole.4": "glob_net.2.0",
    "whole.6": "glob_net.3.0",
    "whole.8": "glob_net.4.0",
    "whole.10": "glob_net.5.0",
    "whole.12": "glob_net.6",
    "join.0": "end_net.0.0",
    "join.2": "end_net.1",
}
"""Published name of each of our layers."""


def load_expandnet(path: Path) -> ExpandNet:
    """The network with the weights of a published `weights.pth` (tensors of any device), on the CPU, in eval mode.

    Inference is ours: the whole image at once, scale from the input's well-exposed pixels (see `ExpandNet`). The
    published program's zero-padded tiles and its stretching of every result to its own extremes are not repeated.

    Raises:
        InputError: The file cannot be read, or its tensors are not ExpandNet's.
    """
    return load_renamed(path, ExpandNet(), EXPANDNET_NAMES)


FHDR_NAMES = {
    "first": "feb1",
    "second": "feb2",
    "feedback.compress": "feedback_block.compress_in",
    **{
        f"feedback.blocks.{block}.{ours}": f"feedback_block.DRDB{block + 1}.{theirs}"
        for block in range(3)
        for ours, theirs in [
            ("compress", "compress"),
            *((f"dense.{layer}", f"dense_layers.{layer}.conv") for layer in range(4)),
            ("fuse", "conv_1x1"),
        ]
    },
    "feedback.fuse": "feedback_block.GFF_3x3",
    "refine": "hrb1",
    "to_rgb": "hrb2",
}
"""Published name of each of our layers."""

PUBLISHED_PEAK = 1.0
"""Linear value of the network's +1 where references were scaled to [0, 1], as the published training's are."""


def load_fhdr(path: Path, *, iterations: int, peak: float = PUBLISHED_PEAK) -> FHDR:
    """The network with the weights of a published `latest.ckpt`, on the CPU, in eval mode.

    Args:
        path: A state dictionary, saved from one or from several GPUs (`module.` before each name).
        iterations: Passes through the feedback block; the file does not say how many it was trained with. Every call
            behaves as the published network's first one after it was built.
        peak: Linear value, in units of LDR white, of the network's +1; the file does not say it either.

    Raises:
        InputError: The file cannot be read, its tensors are not FHDR's, or iterations < 1.
    """
    if iterations < 1:
        raise InputError("iterations", f"{iterations}", "give the number the checkpoint was trained with, 1 or more")
    return load_renamed(path, FHDR(iterations=iterations, peak=peak), FHDR_NAMES)
