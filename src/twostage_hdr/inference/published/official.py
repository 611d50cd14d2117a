"""The authors' published checkpoint of the two-stage network [sharif2021twostage]."""

from collections.abc import Mapping
from pathlib import Path

from torch import Tensor

from twostage_hdr.errors import InputError
from twostage_hdr.inference.published.restricted_pickle import load_inert
from twostage_hdr.networks.two_stage import TwoStageNetwork

STAGE_ONE, STAGE_TWO, DISCRIMINATOR = "stateDictEG", "stateDictER", "stateDictED"
"""Keys of the checkpoint's three state dictionaries."""
BOOKKEEPING = frozenset({"step", "epoch", "optimizerEG", "optimizerER", "optimizerED", "schedulerLG", "schedulerLR"})
"""Keys of the training's own state, which no inference needs."""

_STAGE_ONE_MODULES = {
    "inpConv": "conv_in",
    "block1.RDB1": "blocks.0.dense",
    "attentionSpatial1.spatialAttenton.conv1": "blocks.0.attention.gate",
    "attentionSpatial1.conv": "blocks.0.attention.conv",
    "block2.RDB1": "blocks.1.dense",
    "attentionSpatial2.spatialAttenton.conv1": "blocks.1.attention.gate",
    "attentionSpatial2.conv": "blocks.1.attention.conv",
    "convOut": "conv_out",
}
_STAGE_TWO_MODULES = {
    "inpConv": "conv_in",
    "blockG.RDB1": "blocks.0.dense",
    "attentionSpatial.spatialAttenton.conv1": "blocks.0.attention.gate",
    "attentionSpatial.conv": "blocks.0.attention.conv",
    "convOut": "conv_out",
}
_STAGE_ONE_UNUSED = ("norm1", "attention1", "attention2", "noiseGate1", "noiseGate2")
_STAGE_TWO_UNUSED = ("norm1", "attention", "noiseGate1", "block1")
"""Modules that the published code builds and saves but never calls."""


def load_official(path: Path) -> TwoStageNetwork:
    """The published weights in our network, with the published network's outputs.

    Args:
        path: the authors' `.pth` file: three state dictionaries, optimiser states and counters. No code in it is run.

    Raises:
        InputError: the file cannot be read, or a key or a tensor in it is missing, unexpected, misshapen or not finite.
    """
    checkpoint = load_inert(path)
    if not isinstance(checkpoint, Mapping):
        raise InputError(path, f"holds a {type(checkpoint).__name__}", "the published checkpoint is a dictionary")
    for key, value in checkpoint.items():
        counter = isinstance(value, int | float)
        if key not in {STAGE_ONE, STAGE_TWO, DISCRIMINATOR} | BOOKKEEPING and not counter:
            raise InputError(path, f"unexpected key '{key}'", "give the two-stage network's published checkpoint")
    network = TwoStageNetwork()
    weights: dict[str, Tensor] = {}
    for stage, key, modules, unused in (
        ("enhancement", STAGE_ONE, _STAGE_ONE_MODULES, _STAGE_ONE_UNUSED),
        ("tone_mapping", STAGE_TWO, _STAGE_TWO_MODULES, _STAGE_TWO_UNUSED),
    ):
        published = checkpoint.get(key)
        if not isinstance(published, Mapping):
            raise InputError(path, f"'{key}' is missing", "give the two-stage network's published checkpoint")
        for name, tensor in published.items():
            if str(name).split(".")[0] not in unused:
                weights[f"{stage}.{_our_name(path, key, str(name), modules)}"] = tensor
    _check_tensors(path, weights, network.state_dict())
    network.load_state_dict(weights)
    return network.eval()


def _our_name(path: Path, key: str, name: str, modules: Mapping[str, str]) -> str:
    """Our state dictionary's name for the published one, within a stage."""
    for theirs, ours in modules.items():
        if name.startswith(f"{theirs}."):
            return f"{ours}{name.removeprefix(theirs)}"
    raise InputError(path, f"unexpected key '{key}.{name}'", "give the two-stage network's published checkpoint")


def _check_tensors(path: Path, weights: Mapping[str, object], expected: Mapping[str, Tensor]) -> None:
    """Every expected tensor is there with its shape and finite values, and no other."""
    for name in sorted(expected.keys() | weights.keys()):
        where = f"{path}: '{_published_name(name)}'"
        tensor = weights.get(name)
        if name not in expected:
            raise InputError(where, "unexpected", "give the two-stage network's published checkpoint")
        if not isinstance(tensor, Tensor):
            raise InputError(where, "missing or not a tensor", "give the two-stage network's published checkpoint")
        if tensor.shape != expected[name].shape:
            shapes = f"{tuple(tensor.shape)} instead of {tuple(expected[name].shape)}"
            raise InputError(where, f"shape {shapes}", "give the checkpoint with 64 features and growth 32")
        if not tensor.isfinite().all():
            raise InputError(where, "holds values that are not finite", "download the file again")


def _published_name(name: str) -> str:
    """The checkpoint's name for ours, as the user can look it up."""
    stage, _, rest = name.partition(".")
    key, modules = (STAGE_ONE, _STAGE_ONE_MODULES) if stage == "enhancement" else (STAGE_TWO, _STAGE_TWO_MODULES)
    for theirs, ours in modules.items():
        if rest.startswith(f"{ours}."):
            return f"{key}.{theirs}{rest.removeprefix(ours)}"
    return name
