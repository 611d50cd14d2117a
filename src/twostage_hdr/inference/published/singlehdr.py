"""SingleHDR's published parameters [liu2020singlehdr] and its model of responses [grossberg2003emor]."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from twostage_hdr.boundary.refusal import as_input_error
from twostage_hdr.boundary.regular_file import read_text
from twostage_hdr.errors import InputError
from twostage_hdr.inference.published.renamed_state import checked
from twostage_hdr.inference.published.tensorflow_checkpoint import read_checkpoint
from twostage_hdr.networks.baselines.response_estimation import BASIS_SIZE, RESPONSE_SAMPLES
from twostage_hdr.networks.baselines.singlehdr_published import PublishedSingleHDR

RESPONSE_MODEL = "invemor.txt"
"""File of the published program: mean inverse response `g0` and principal components `hinv(1)`, ..."""

_CURE = "unpack the published checkpoints in a copy of the published program, and give its folder"
_NORM = {"weight": "gamma", "bias": "beta", "running_mean": "moving_mean", "running_var": "moving_variance"}
_KINDS = {
    "Dequantization_Net": ("kernel", "bias"),
    "Refinement_Net": ("kernel", "bias"),
    "ae_invcrf_decode_net": ("kernel", "bias"),
    "crf_feature_net": ("weights", "biases"),
    "Hallucination_Net": ("W_conv2d", "b_conv2d"),
}
"""What each part of the checkpoint calls a layer's weights and biases."""


def load_singlehdr(folder: Path) -> PublishedSingleHDR:
    """The network with the weights that were tuned on real photographs, on the CPU, in eval mode.

    Args:
        folder: Holds, itself or in a folder of its own, the checkpoint of all four parts (`model.ckpt.index` and
            `model.ckpt.data-00000-of-00001`), and `invemor.txt`: a copy of the published program with the published
            checkpoints unpacked in it. Checkpoints of single parts may be there, too.

    Raises:
        InputError: One of them is missing, cannot be read or has other tensors; or there are several checkpoints.
    """
    if not folder.is_dir():
        raise InputError(folder, "not a folder", _CURE)
    path, stored = _checkpoint(folder)
    network = PublishedSingleHDR()
    state, names = network.state_dict() | _response_model(folder), published_names(network)
    for ours, theirs in names.items():
        value = _in_our_order(stored[theirs]) if theirs in stored else None
        state[ours] = checked(value, theirs, state[ours], path)
    known = set(names.values())
    for name in stored:  # an optimiser's tensors lie below the names of what they optimise
        if name.split("/")[0] in _KINDS and not {name, name.rpartition("/")[0]} & known:
            raise InputError(path, f"unexpected tensor '{name}'", _CURE)
    network.load_state_dict(state)
    return network.eval()


def _in_our_order(array: np.ndarray) -> Tensor:
    """(height, width, in, out) or (in, out) with outputs first; one axis stays."""
    return torch.from_numpy(np.array(array.transpose((3, 2, 0, 1) if array.ndim == 4 else None), order="C"))


def _checkpoint(folder: Path) -> tuple[Path, Mapping[str, np.ndarray]]:
    """The one that holds all parts, and its tensors."""
    paths = [path for pattern in ("*.index", "*/*.index") for path in sorted(folder.glob(pattern))]
    found = [(path, read_checkpoint(path)) for path in paths]
    whole = [(path, stored) for path, stored in found if _KINDS.keys() <= {name.split("/")[0] for name in stored}]
    if len(whole) != 1:
        seen = ", ".join(str(path) for path, _ in whole or found) or "no .index file"
        raise InputError(folder, f"{len(whole)} checkpoints of all four parts ({seen}), where one is expected", _CURE)
    return whole[0]


def _response_model(folder: Path) -> dict[str, Tensor]:
    """Mean and components: numbers after headings `NAME =`."""
    path = next((path for pattern in ("", "*/") for path in folder.glob(pattern + RESPONSE_MODEL)), None)
    if path is None:
        raise InputError(folder, f"no {RESPONSE_MODEL}, the published program's model of responses", _CURE)
    with as_input_error(path, _CURE, "not the model of responses"):
        _start, *parts = re.split(r"(\S+) *=", read_text(path))
        sections = dict(zip(parts[::2], parts[1::2], strict=True))
        names = ["g0", *(f"hinv({order})" for order in range(1, BASIS_SIZE + 1))]
        curves = torch.tensor([[float(word) for word in sections[name].split()] for name in names])
    curves = checked(curves, "g0, hinv", torch.empty(1 + BASIS_SIZE, RESPONSE_SAMPLES), path)
    return {"response.mean_curve": curves[0], "response.basis": curves[1:]}


def published_names(network: PublishedSingleHDR) -> dict[str, str]:
    """Published name of each of our weights and statistics."""
    names: dict[str, str] = {}
    for ours, theirs in _layer_names(network):
        layer = network.get_submodule(ours)
        kinds = _NORM
        if not isinstance(layer, nn.BatchNorm2d):
            kinds = dict(zip(("weight", "bias"), _KINDS[theirs.split("/")[0]], strict=True))
        names |= {f"{ours}.{own}": f"{theirs}/{kind}" for own, kind in kinds.items() if getattr(layer, own) is not None}
    return names


def _layer_names(network: PublishedSingleHDR) -> Iterator[tuple[str, str]]:
    for part, scope in (("dequantization", "Dequantization_Net"), ("refinement", "Refinement_Net")):
        layers = network.get_submodule(part).named_modules(prefix=part)
        convolutions = [name for name, layer in layers if isinstance(layer, nn.Conv2d)]
        yield from ((name, f"{scope}/conv2d_{k}" if k else f"{scope}/conv2d") for k, name in enumerate(convolutions))
    net, resnet = "response", "crf_feature_net"
    yield from ((f"{net}.conv1", f"{resnet}/conv1"), (f"{net}.bn_conv1", f"{resnet}/bn_conv1/BatchNorm"))
    yield f"{net}.to_weights", "ae_invcrf_decode_net/dense"
    for block, place in enumerate(("2a", "2b", "2c", "3a", "3b")):
        branches = [("branch1", "1")] if place.endswith("a") else []
        for ours, theirs in [*branches, ("branch2.0", "2a"), ("branch2.1", "2b"), ("branch2.2", "2c")]:
            yield f"{net}.blocks.{block}.{ours}.0", f"{resnet}/res{place}_branch{theirs}"
            yield f"{net}.blocks.{block}.{ours}.1", f"{resnet}/bn{place}_branch{theirs}/BatchNorm"
    net, encoder, decoder = "hallucination", "Hallucination_Net/encoder", "Hallucination_Net/decoder"
    for stage, depth in enumerate((2, 2, 3, 3, 3)):
        yield from ((f"{net}.encoder.{stage}.{2 * k}", f"{encoder}/h{stage + 1}/conv_{k + 1}") for k in range(depth))
    yield from ((f"{net}.latent.0", f"{encoder}/h6/conv"), (f"{net}.latent.1", f"{encoder}/h6/batch_norm"))
    for level in range(5):
        yield f"{net}.upsample.{level}.1", f"{decoder}/h{level + 1}/decon2d"
        yield f"{net}.upsample.{level}.3", f"{decoder}/h{level + 1}/decon2d/batch_norm_dc"
        yield f"{net}.fuse.{level}.mix", f"{decoder}/h{level + 2}/fuse_skip_connection"
    yield from ((f"{net}.to_rgb.0", f"{decoder}/h7/conv2d"), (f"{net}.to_rgb.1", f"{decoder}/h7/batch_norm"))
    yield f"{net}.fuse_input.mix", f"{decoder}/h7/fuse_skip_connection"
