"""`twostage-hdr import-weights`: published files as weights of this suite."""

from pathlib import Path

from torch import nn

from twostage_hdr.errors import InputError
from twostage_hdr.inference.published.expandnet import load_expandnet
from twostage_hdr.inference.published.fhdr import load_fhdr
from twostage_hdr.inference.published.hdrcnn import load_hdrcnn
from twostage_hdr.inference.published.official import load_official
from twostage_hdr.inference.weights import save_weights

KINDS = ("official", "expandnet", "hdrcnn", "fhdr")


def import_published(kind: str, source: Path, target: Path | None, *, iterations: int | None) -> str:
    """Reads a published file and writes `.safetensors`.

    Returns:
        A line that says what was written.

    Raises:
        InputError: unknown kind, unreadable file, FHDR without iterations, or a target of another format.
    """
    target = target or source.with_suffix(".safetensors")
    if target.suffix != ".safetensors":
        raise InputError(f"{target}: weights are written as .safetensors; give a name that ends so")
    network = _load(kind, source, iterations)
    save_weights(target, network, {"origin": f"{kind}: {source.name}"})
    count = sum(parameter.numel() for parameter in network.parameters())
    return f"{source} -> {target} ({type(network).__name__}, {count:,} parameters)"


def _load(kind: str, source: Path, iterations: int | None) -> nn.Module:
    if kind == "fhdr":
        if iterations is None:
            raise InputError("import-weights fhdr: its file does not say how often to iterate; add --iterations N")
        return load_fhdr(source, iterations=iterations)
    if iterations is not None:
        raise InputError(f"import-weights {kind}: --iterations is for fhdr only; leave it out")
    loaders = {"official": load_official, "expandnet": load_expandnet, "hdrcnn": load_hdrcnn}
    if kind not in loaders:
        raise InputError(f"import-weights {kind}: unknown; choose one of {', '.join(KINDS)}")
    return loaders[kind](source)
