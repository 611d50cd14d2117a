"""Trained weights: written with what rebuilds their network, found by any name, loaded without pickle code."""

import hashlib
import json
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from safetensors.torch import save as serialize
from torch import Tensor, nn

from twostage_hdr.boundary.refusal import as_input_error
from twostage_hdr.boundary.regular_file import read_bytes, regular_file
from twostage_hdr.boundary.structured_text import parse_json
from twostage_hdr.boundary.torch_file import read_torch_file
from twostage_hdr.errors import InputError
from twostage_hdr.imaging.atomic import atomic_path
from twostage_hdr.inference.network_description import build_network, describe_network, shapes_of

SHIPPED = Path(__file__).parents[1] / "weights"
"""Where the package keeps its own weights."""

CHECKSUMS = "SHA256SUMS"
"""Of the package's own weights, beside them."""

CHECKSUM = "sha256"
"""Entry of a weight file's header: of its tensors."""

CHECKPOINTS = ("best.ckpt", "last.ckpt", "previous.ckpt")
"""Of a run, in the order in which its weights are looked for."""

DEFAULT_WEIGHTS = ("two_stage_any", "two_stage", "demo")
"""Names of shipped sets in order of preference: the first that is there is used when none is asked for."""


def save_weights(path: Path, network: nn.Module, notes: Mapping[str, str] | None = None) -> None:
    """Writes `.safetensors` whose header describes the network, so that the file alone is enough to use it.

    Args:
        path: the file, replaced atomically.
        network: one of this package's networks.
        notes: further header entries: recipe, data, scores, licence.
    """
    described = describe_network(network)
    tensors = {name: value.detach().cpu().contiguous() for name, value in network.state_dict().items()}
    header = {
        **(notes or {}),
        **described,
        "hyper_parameters": json.dumps(described["hyper_parameters"]),
        CHECKSUM: _digest(tensors),
    }
    with atomic_path(path) as temporary:
        temporary.write_bytes(serialize(tensors, metadata={key: str(value) for key, value in header.items()}))


def load_weights(where: str | Path | None = None, *, trust: Collection[str] = ()) -> nn.Module:
    """A trained network in evaluation mode, on the CPU.

    Args:
        where: a run directory (its best checkpoint), a Lightning `.ckpt`, a `.safetensors`, or the name of a set that
            is shipped with the package; None for its default.
        trust: packages outside this one whose networks the file may name; their code is run.

    Raises:
        InputError: nothing of that name, a network of a package that is not trusted, or a file that is damaged, cannot
            be read or does not fit its network.
    """
    path = find_weights(where or default_weights())
    description, tensors = _read(path)
    shapes = shapes_of(tensors)
    with torch.device("cpu"):  # whatever PyTorch's default device and type are
        network = build_network(description, str(path), trust=trust, shapes=shapes).float()
    with as_input_error(path, "copy it again, or train it again", "its weights do not fit its own network"):
        network.load_state_dict(tensors)
    return network.eval()


def find_weights(where: str | Path) -> Path:
    """The file that `where` stands for, see `load_weights`.

    Raises:
        InputError: nothing of that name.
    """
    path = Path(where)
    with as_input_error(path, "give another name"):  # of one that is too long
        path.exists()
    if path.is_dir():
        for name in CHECKPOINTS:
            if (path / "checkpoints" / name).is_file():
                return path / "checkpoints" / name
        # `make demo` creates a folder named like a shipped set: only a run's folder takes precedence over the set.
        if str(where) not in shipped_weights():
            raise InputError(path, "a folder without checkpoints/best.ckpt or last.ckpt", "give a run's own directory")
    if path.is_file():
        if path.suffix not in (".ckpt", ".safetensors"):
            cure = "`twostage-hdr import-weights` brings published files in"
            raise InputError(path, "weights are .ckpt or .safetensors", cure)
        return path
    if (SHIPPED / f"{where}.safetensors").is_file():
        return SHIPPED / f"{where}.safetensors"
    cure = f"shipped: {', '.join(shipped_weights())}"
    raise InputError(f"weights {str(where)!r}", "no such file, run directory or shipped set", cure)


def shipped_weights() -> list[str]:
    """Names of the sets of weights in this installation."""
    return sorted(file.stem for file in SHIPPED.glob("*.safetensors"))


def default_weights() -> str:
    """The set that is used when none is asked for.

    Raises:
        InputError: the installation has none.
    """
    shipped = [name for name in DEFAULT_WEIGHTS if name in shipped_weights()]
    if not shipped:
        raise InputError("weights", "none are shipped with this installation", "give some with --weights")
    return shipped[0]


def read_header(where: str | Path) -> dict[str, Any]:
    """What a weight file says of itself: network, hyper_parameters, output, and notes.

    Raises:
        InputError: as `load_weights`.
    """
    return _read(find_weights(where))[0]


def _read(path: Path) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """The description and the tensors of a file."""
    if path.suffix != ".safetensors":
        return _read_checkpoint(path)
    regular_file(path)
    _check_shipped(path)
    with as_input_error(path, "copy it again", "not a readable .safetensors file"):
        with torch.device("cpu"), safe_open(path, framework="pt") as file:  # older ones take PyTorch's default device
            header: dict[str, Any] = dict(file.metadata() or {})
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - not a mapping
        header["hyper_parameters"] = parse_json(header.get("hyper_parameters", "{}"), path, cure="export it again")
    if header.pop(CHECKSUM, None) not in (None, _digest(tensors)):
        raise InputError(path, f"damaged: its weights do not have the {CHECKSUM} that it states", "copy it again")
    return header, tensors


def _check_shipped(path: Path) -> None:
    """Compares one of the package's own files with the list beside it."""
    if path.parent != SHIPPED or not (SHIPPED / CHECKSUMS).is_file():
        return
    lines = (SHIPPED / CHECKSUMS).read_text(encoding="utf-8").splitlines()  # of `sha256sum`: digest, name
    wanted = [line.split()[0] for line in lines if line.endswith(f" {path.name}")]
    if wanted and wanted != [hashlib.sha256(read_bytes(path)).hexdigest()]:
        raise InputError(path, f"damaged: its sha256 is not that of {CHECKSUMS}", "install the package again")


def _digest(tensors: Mapping[str, Tensor]) -> str:
    """SHA-256 over names, types, shapes and values."""
    digest = hashlib.sha256()
    for name, value in sorted(tensors.items()):
        digest.update(f"{name} {value.dtype} {tuple(value.shape)}\n".encode())
        digest.update(value.contiguous().reshape(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()


def _read_checkpoint(path: Path) -> tuple[dict[str, Any], dict[str, Tensor]]:
    checkpoint = read_checkpoint(path)
    described, state = (checkpoint.get(entry) for entry in ("network", "state_dict"))
    if not isinstance(described, dict) or not isinstance(state, dict):
        raise InputError(path, "not a checkpoint of this suite (no entry 'network')", "see `import-weights`")
    prefix = "network."
    weights: dict[str, Tensor] = {}
    for name, value in state.items():
        if str(name).startswith(prefix):
            if not isinstance(value, Tensor):
                raise InputError(path, f"its entry {name:.80} is no tensor", "copy or train it again")
            weights[name.removeprefix(prefix)] = value
    return described, weights


def read_checkpoint(path: Path) -> dict[str, Any]:
    """A checkpoint's content, on the CPU: tensors and plain containers only, each of them as it was written.

    Raises:
        InputError: unreadable, damaged, cut short, or holding other objects.
    """
    regular_file(path)
    with as_input_error(path, "copy or train it again", "cannot be read as a checkpoint"):
        content = read_torch_file(path)
    return content if isinstance(content, dict) else {}
