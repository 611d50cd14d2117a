"""`twostage-hdr export`: trained weights as files for other programs."""

from collections.abc import Collection, Sequence
from pathlib import Path

from twostage_hdr.errors import InputError
from twostage_hdr.inference.export import export_onnx, export_program
from twostage_hdr.inference.weights import describe_network, find_weights, load_weights, save_weights

SUFFIXES = (".safetensors", ".onnx", ".pt2")
"""Of the files that can be written: weights, ONNX, a program of torch.export."""


def export_weights(where: str, target: Path, *, notes: Sequence[str], overwrite: bool = False) -> str:
    """Writes the weights in the form that the target's suffix names.

    Args:
        where: anything `load_weights` takes.
        target: the file.
        notes: KEY=VALUE, entries for the header (.safetensors only).
        overwrite: replace the target if it exists.

    Returns:
        A line that says what was written.

    Raises:
        InputError: weights that cannot be read, a suffix that is not known, a target that is the source or exists,
            notes that the format does not take or that are no pairs, or a network that it cannot hold.
    """
    suffix = target.suffix.lower()
    if suffix not in SUFFIXES:
        choices = ", ".join(SUFFIXES)
        raise InputError(f"{target}: cannot export to {target.suffix or 'a name without suffix'}; choose {choices}")
    if notes and suffix != ".safetensors":
        raise InputError(f"{target}: --note is for .safetensors only; leave it out")
    source = find_weights(where)
    if source.resolve() == target.resolve():
        raise InputError(f"{target}: is the source itself; choose another name")
    if target.exists() and not overwrite:
        raise InputError(f"{target}: exists; --overwrite replaces it")
    network = load_weights(where)
    pairs = _pairs(notes, describe_network(network))
    match suffix:
        case ".onnx":
            export_onnx(network, target)
        case ".pt2":
            export_program(network, target)
        case _:
            save_weights(target, network, pairs)
    count = sum(parameter.numel() for parameter in network.parameters())
    return (
        f"{source} -> {target} ({type(network).__name__}, {count:,} parameters, {target.stat().st_size / 1e6:.1f} MB)"
    )


def _pairs(notes: Sequence[str], taken: Collection[str]) -> dict[str, str]:
    pairs = {}
    for note in notes:
        key, equals, value = note.partition("=")
        if not key or not equals:
            raise InputError(f"--note {note}: expected KEY=VALUE")
        if key in taken:
            raise InputError(f"--note {note}: {key} is told by the file itself; choose another key")
        pairs[key] = value
    return pairs
