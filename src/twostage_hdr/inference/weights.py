"""Trained weights: written with what rebuilds their network, found by any name, loaded without pickle code."""

import importlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save as serialize
from torch import Tensor, nn

from twostage_hdr.errors import InputError
from twostage_hdr.imaging.atomic import atomic_path

SHIPPED = Path(__file__).parents[1] / "weights"
"""Where the package keeps its own weights."""

DEFAULT_WEIGHTS = ("two_stage", "demo")
"""Names of shipped sets in order of preference: the first that is there is used when none is asked for."""

_NETWORKS = "twostage_hdr.networks."


def describe_network(network: nn.Module) -> dict[str, Any]:
    """What rebuilds a network: dotted path, constructor arguments, and the domain of its output.

    Returns:
        `{"network": "twostage_hdr.networks...", "hyper_parameters": {...}, "output": "encoded" | "linear"}`.
    """
    kind = type(network)
    return {
        "network": f"{kind.__module__}.{kind.__qualname__}",
        "hyper_parameters": dict(network.hyper_parameters),  # type: ignore[arg-type]
        "output": network.output,
    }


def build_network(description: Mapping[str, Any], where: str) -> nn.Module:
    """The network of a description, with fresh weights.

    Raises:
        InputError: not one of this package's networks, or arguments it does not have.
    """
    path = str(description.get("network", ""))
    module, _, name = path.rpartition(".")
    if not path.startswith(_NETWORKS):
        raise InputError(where, f"says its network is {path!r}", f"expected one in {_NETWORKS[:-1]}")
    try:
        kind = getattr(importlib.import_module(module), name)
        if not (isinstance(kind, type) and issubclass(kind, nn.Module) and hasattr(kind, "output")):
            raise TypeError("not an image network")
        network = kind(**description["hyper_parameters"])
    except (ImportError, AttributeError, TypeError, ValueError, KeyError, ArithmeticError, RuntimeError) as error:
        raise InputError(
            where, f"its network {path} cannot be built here ({_one_line(error)})", "update the package"
        ) from error
    if network.output != description.get("output", network.output):
        raise InputError(where, f"says its output is {description['output']}, {name}'s is {network.output}")
    return network


def save_weights(path: Path, network: nn.Module, notes: Mapping[str, str] | None = None) -> None:
    """Writes `.safetensors` whose header describes the network, so that the file alone is enough to use it.

    Args:
        path: the file, replaced atomically.
        network: one of this package's networks.
        notes: further header entries: recipe, data, scores, licence.
    """
    described = describe_network(network)
    header = {**(notes or {}), **described, "hyper_parameters": json.dumps(described["hyper_parameters"])}
    tensors = {name: value.detach().cpu().contiguous() for name, value in network.state_dict().items()}
    with atomic_path(path) as temporary:
        temporary.write_bytes(serialize(tensors, metadata={key: str(value) for key, value in header.items()}))


def load_weights(where: str | Path | None = None) -> nn.Module:
    """A trained network in evaluation mode, on the CPU.

    Args:
        where: a run directory (its best checkpoint), a Lightning `.ckpt`, a `.safetensors`, or the name of a set that
            is shipped with the package; None for its default.

    Raises:
        InputError: nothing of that name, or a file that cannot be read or does not fit its network.
    """
    path = find_weights(where or default_weights())
    description, tensors = (_read_safetensors if path.suffix == ".safetensors" else _read_checkpoint)(path)
    with torch.device("cpu"):  # whatever PyTorch's default device and type are
        network = build_network(description, str(path)).float()
    try:
        network.load_state_dict(tensors)
    except (RuntimeError, TypeError) as error:
        raise InputError(path, f"its weights do not fit its own network: {_one_line(error)}") from error
    return network.eval()


def find_weights(where: str | Path) -> Path:
    """The file that `where` stands for, see `load_weights`.

    Raises:
        InputError: nothing of that name.
    """
    path = Path(where)
    if path.is_dir():
        for name in ("best.ckpt", "last.ckpt"):
            if (path / "checkpoints" / name).is_file():
                return path / "checkpoints" / name
        # `make demo` creates a folder named like a shipped set: only a run's folder takes precedence over the set.
        if str(where) not in shipped_weights():
            raise InputError(path, "a folder without checkpoints/best.ckpt or last.ckpt", "give a run's own directory")
    if path.is_file():
        if path.suffix not in (".ckpt", ".safetensors"):
            raise InputError(
                path,
                "weights are .ckpt or .safetensors",
                "`twostage-hdr import-weights` brings published files in",
            )
        return path
    if (SHIPPED / f"{where}.safetensors").is_file():
        return SHIPPED / f"{where}.safetensors"
    raise InputError(
        f"weights {str(where)!r}",
        "no such file, run directory or shipped set",
        f"shipped: {', '.join(shipped_weights())}",
    )


def shipped_weights() -> list[str]:
    """Names of the sets of weights in this installation."""
    return sorted(file.stem for file in SHIPPED.glob("*.safetensors"))


def default_weights() -> str:
    """The set that is used when none is asked for.

    Raises:
        InputError: the installation has none.
    """
    for name in DEFAULT_WEIGHTS:
        if name in shipped_weights():
            return name
    raise InputError("weights", "none are shipped with this installation", "give some with --weights")


def read_header(where: str | Path) -> dict[str, Any]:
    """What a weight file says of itself: network, hyper_parameters, output, and notes.

    Raises:
        InputError: as `load_weights`.
    """
    path = find_weights(where)
    return (_read_safetensors if path.suffix == ".safetensors" else _read_checkpoint)(path)[0]


def _read_safetensors(path: Path) -> tuple[dict[str, Any], dict[str, Tensor]]:
    try:
        with safe_open(path, framework="pt") as file:
            header = dict(file.metadata() or {})
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - not a mapping
        header["hyper_parameters"] = json.loads(header.get("hyper_parameters", "{}"))
    except (SafetensorError, OSError, ValueError) as error:
        raise InputError(path, f"not a readable .safetensors file ({_one_line(error)})", "copy it again") from error
    return header, tensors


def _read_checkpoint(path: Path) -> tuple[dict[str, Any], dict[str, Tensor]]:
    checkpoint = read_checkpoint(path)
    described, state = (checkpoint.get(entry) for entry in ("network", "state_dict"))
    if not isinstance(described, dict) or not isinstance(state, dict):
        raise InputError(path, "not a checkpoint of this suite (no entry 'network')", "see `import-weights`")
    prefix = "network."
    return described, {
        name.removeprefix(prefix): value for name, value in state.items() if str(name).startswith(prefix)
    }


def read_checkpoint(path: Path) -> dict[str, Any]:
    """A checkpoint's content, on the CPU; tensors and plain containers only.

    Raises:
        InputError: unreadable, cut short, or holding other objects.
    """
    try:
        content = torch.load(path, map_location="cpu", weights_only=True, mmap=True)
    except Exception as error:  # a damaged file makes the reader raise almost anything
        raise InputError(
            path, f"cannot be read as a checkpoint ({_one_line(error)})", "copy or train it again"
        ) from error
    return content if isinstance(content, dict) else {}


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())[:200]
