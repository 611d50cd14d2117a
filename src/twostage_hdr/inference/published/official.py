"""The authors' published checkpoint of the two-stage network [sharif2021twostage]."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from twostage_hdr.errors import InputError
from twostage_hdr.inference.published.renamed_state import fill
from twostage_hdr.inference.published.restricted_pickle import load_inert
from twostage_hdr.networks.two_stage import TwoStageNetwork

STAGE_ONE, STAGE_TWO, DISCRIMINATOR = "stateDictEG", "stateDictER", "stateDictED"
"""Keys of the checkpoint's three state dictionaries."""
BOOKKEEPING = frozenset({"step", "epoch", "optimizerEG", "optimizerER", "optimizerED", "schedulerLG", "schedulerLR"})
"""Keys of the training's own state, which no inference needs."""

_UNUSED = {
    STAGE_ONE: ("norm1", "attention1", "attention2", "noiseGate1", "noiseGate2"),
    STAGE_TWO: ("norm1", "attention", "noiseGate1", "block1"),
}
"""Modules that the published code builds and saves but never calls."""


def _stage(ours: str, theirs: str, blocks: Sequence[tuple[str, str]]) -> dict[str, str]:
    """Published name of each layer of a stage, whose dense blocks and attentions have names of their own."""
    names = {f"{ours}.conv_in": f"{theirs}.inpConv", f"{ours}.conv_out": f"{theirs}.convOut"}
    for number, (dense, attention) in enumerate(blocks):
        block = f"{ours}.blocks.{number}"
        names |= {f"{block}.dense.conv{k}": f"{theirs}.{dense}.RDB1.conv{k}" for k in range(1, 6)}
        names[f"{block}.attention.gate"] = f"{theirs}.{attention}.spatialAttenton.conv1"
        names[f"{block}.attention.conv"] = f"{theirs}.{attention}.conv"
    return names


NAMES = _stage("enhancement", STAGE_ONE, [("block1", "attentionSpatial1"), ("block2", "attentionSpatial2")]) | _stage(
    "tone_mapping", STAGE_TWO, [("blockG", "attentionSpatial")]
)
"""Published name of each of our layers."""


def load_official(path: Path) -> TwoStageNetwork:
    """The published weights in our network, with the published network's outputs.

    Args:
        path: the authors' `.pth` file: three state dictionaries, optimiser states and counters. No code in it is run.

    Raises:
        InputError: the file cannot be read, or a key or a tensor in it is missing, unexpected, misshapen or not finite.
    """
    checkpoint, cure = load_inert(path), "give the two-stage network's published checkpoint"
    if not isinstance(checkpoint, Mapping):
        raise InputError(path, f"holds a {type(checkpoint).__name__}", "the published checkpoint is a dictionary")
    for key, value in checkpoint.items():
        if key not in {*_UNUSED, DISCRIMINATOR} | BOOKKEEPING and not isinstance(value, int | float):
            raise InputError(path, f"unexpected key '{key}'", cure)
    published: dict[str, object] = {}
    for key, unused in _UNUSED.items():
        if not isinstance(checkpoint.get(key), Mapping):
            raise InputError(path, f"'{key}' is missing", cure)
        state = {str(name): value for name, value in checkpoint[key].items()}
        published |= {f"{key}.{name}": value for name, value in state.items() if name.split(".")[0] not in unused}
    return fill(TwoStageNetwork(), published, NAMES, path)
