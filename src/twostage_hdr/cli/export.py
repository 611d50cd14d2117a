"""`twostage-hdr export`: trained weights as files for other programs."""

from collections.abc import Callable, Collection, Sequence
from pathlib import Path

from torch import nn

from twostage_hdr.errors import InputError
from twostage_hdr.inference.export import INPUT_ENCODING, check_encoding, export_contract, export_network
from twostage_hdr.inference.network_description import describe_network
from twostage_hdr.inference.published.hdrcnn import load_hdrcnn
from twostage_hdr.inference.published.official import load_official
from twostage_hdr.inference.published.renamed_state import load_expandnet, load_fhdr
from twostage_hdr.inference.published.singlehdr import load_singlehdr
from twostage_hdr.inference.published.state_names import load_gmnet, load_hdrunet, load_lhdr, load_maskhdr
from twostage_hdr.inference.weights import CHECKSUM, SHIPPED, find_weights, load_weights, read_header, save_weights
from twostage_hdr.inference.whole_frame import check_lights, parse_response
from twostage_hdr.networks.row_plan import row_plan

SUFFIXES = (".safetensors", ".onnx", ".pt2")
"""Of the files that can be written: weights, ONNX, a program of torch.export."""

_SHIPPED_ENCODINGS = {"two_stage_gamma": "gamma 2.24", "two_stage_gamma_context": "gamma 2.24"}
"""Of the shipped sets that take one response only; their headers are older than the entry for it."""


def export_weights(
    where: str,
    target: Path,
    *,
    notes: Sequence[str],
    overwrite: bool = False,
    response: str = "declared",
    lights: float | None = None,
    trust: Sequence[str] = (),
) -> str:
    """Writes the weights in the form that the target's suffix names.

    Args:
        where: anything `load_weights` takes.
        target: the file.
        notes: KEY=VALUE, entries for the header or the metadata, beside or instead of the weights' own.
        overwrite: replace the target if it exists.
        response: of the program's photographs, see `ReconstructOptions` (.onnx and .pt2 of the whole-frame network).
        lights: the same.
        trust: see `load_weights`.

    Returns:
        A line that says what was written.

    Raises:
        InputError: weights that cannot be read, a suffix that is not known, a target that is the source or exists,
            notes that are no pairs or would be lost, or a network that the format cannot hold.
    """
    suffix = target.suffix.lower()
    if suffix not in SUFFIXES:
        choices = ", ".join(SUFFIXES)
        raise InputError(target, f"cannot export to {target.suffix or 'a name without suffix'}", f"choose {choices}")
    source = find_weights(where)
    if source.resolve() == target.resolve():
        raise InputError(target, "is the source itself", "choose another name")
    if target.exists() and not overwrite:
        raise InputError(target, "exists", "--overwrite replaces it")
    network = load_weights(where, trust=trust)
    described = {*describe_network(network), CHECKSUM}
    own = {key: str(value) for key, value in read_header(where).items() if key not in described}
    if source.parent == SHIPPED and source.stem in _SHIPPED_ENCODINGS:
        own[INPUT_ENCODING] = _SHIPPED_ENCODINGS[source.stem]
    taken = described | export_contract(network, response="declared", notes={}).keys()
    has_choices = row_plan(network).whole_frame is not None
    if not has_choices:  # else the file says what --response says
        taken -= {INPUT_ENCODING}
    pairs = own | _pairs(notes, taken)
    chosen, lights = parse_response(response), check_lights(lights)
    if (chosen != "declared" or lights is not None) and (suffix == ".safetensors" or not has_choices):
        raise InputError("--response, --lights", "for .onnx and .pt2 of the default set only", "leave them out")
    if suffix == ".safetensors":
        save_weights(target, network, pairs)
    else:
        export_network(network, target, response=chosen, lights=lights, notes=pairs)
    count = sum(parameter.numel() for parameter in network.parameters())
    return (
        f"{source} -> {target} ({type(network).__name__}, {count:,} parameters, {target.stat().st_size / 1e6:.1f} MB)"
    )


def _pairs(notes: Sequence[str], taken: Collection[str]) -> dict[str, str]:
    pairs = {}
    for note in notes:
        key, equals, value = note.partition("=")
        if not key or not equals:
            raise InputError(f"--note {note}", "expected KEY=VALUE")
        if key in taken:
            raise InputError(f"--note {note}", f"{key} is written by the file", "choose another key")
        if key == INPUT_ENCODING:
            check_encoding(value)
        pairs[key] = value
    return pairs


LOADERS: dict[str, Callable[..., nn.Module]] = {
    "official": load_official,
    "expandnet": load_expandnet,
    "hdrcnn": load_hdrcnn,
    "fhdr": load_fhdr,
    "hdrunet": load_hdrunet,
    "maskhdr": load_maskhdr,
    "lhdr": load_lhdr,
    "gmnet": load_gmnet,
    "singlehdr": load_singlehdr,
}
"""Readers of published files, by kind."""


def import_published(kind: str, source: Path, target: Path | None, *, iterations: int | None) -> str:
    """Reads a published file (of SingleHDR, a folder) and writes `.safetensors`.

    Returns:
        A line that says what was written.

    Raises:
        InputError: unknown kind, unreadable file, FHDR without iterations, or a target of another format.
    """
    source = source.resolve() if source.is_dir() else source  # `.` has no name
    target = target or source.with_suffix(".safetensors")
    if target.suffix != ".safetensors":
        raise InputError(target, "weights are written as .safetensors", "give a name that ends so")
    if kind not in LOADERS:
        raise InputError(f"import-weights {kind}", "unknown", f"choose one of {', '.join(LOADERS)}")
    if kind == "fhdr" and iterations is None:
        raise InputError("import-weights fhdr", "its file does not say how often to iterate", "add --iterations N")
    if kind != "fhdr" and iterations is not None:
        raise InputError(f"import-weights {kind}", "--iterations is for fhdr only", "leave it out")
    network = LOADERS[kind](source, **({} if iterations is None else {"iterations": iterations}))
    save_weights(target, network, {"origin": f"{kind}: {source.name}"})
    count = sum(parameter.numel() for parameter in network.parameters())
    return f"{source} -> {target} ({type(network).__name__}, {count:,} parameters)"
