"""What rebuilds a network from a file: the name of its class and its constructor's arguments, both checked first."""

import json
import math
from collections.abc import Collection, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from twostage_hdr.boundary.refusal import as_input_error
from twostage_hdr.boundary.trust import PACKAGE, load_class
from twostage_hdr.errors import InputError

PARTS = ("networks",)
"""Of this package, where a weight file's network may lie."""

LARGEST = 1024
"""Highest number of channels, blocks or levels in a file; the networks here have at most 512."""

MOST_PASSES = 64
"""Highest number of passes through the same weights in a file; the networks here have at most 6."""

_PASSES = ("iterations", "steps")
_LONGEST = 16

Shapes = Mapping[str, tuple[int, ...]]
"""Of each tensor of a state dictionary."""


def describe_network(network: nn.Module) -> dict[str, Any]:
    """What rebuilds a network: dotted path, constructor arguments, and the domain of its output.

    Returns:
        `{"network": "twostage_hdr.networks...", "hyper_parameters": {...}, "output": "encoded" | "linear"}`.

    Raises:
        InputError: the network does not say its `output` or its `hyper_parameters`.
    """
    kind = type(network)
    path = f"{kind.__module__}.{kind.__qualname__}"
    output, arguments = getattr(network, "output", None), getattr(network, "hyper_parameters", None)
    if output not in ("encoded", "linear"):
        raise InputError(path, f"its `output` is {output!r}", 'let the class say output = "encoded" or "linear"')
    if not isinstance(arguments, Mapping):
        raise InputError(path, "has no `hyper_parameters`", "keep its constructor's arguments as a dictionary there")
    return {"network": path, "hyper_parameters": dict(arguments), "output": output}


def build_network(
    description: Mapping[str, Any], where: str, *, trust: Collection[str] = (), shapes: Shapes | None = None
) -> nn.Module:
    """The network of a description, with fresh weights.

    Args:
        description: as `describe_network` gives it, read from a file.
        where: the file.
        trust: packages outside this one whose networks may be built.
        shapes: of the file's tensors; one of this package's networks is built only if its tensors are these.

    Raises:
        InputError: a network of another package, or arguments that it does not have or that are beyond all measure.
    """
    path = description.get("network")
    if path is None:
        raise InputError(where, "does not say which network it is of", "give weights of this suite, or import-weights")
    kind: Any = load_class(path, parts=PARTS, trust=trust, where=where)
    arguments = description.get("hyper_parameters")
    ours = kind.__module__.startswith(f"{PACKAGE}.")
    _check_arguments(arguments, where, _limit(shapes) if ours else math.inf)
    assert isinstance(arguments, dict)
    with as_input_error(where, "update the package", f"its network {path} cannot be built here"):
        if not (issubclass(kind, nn.Module) and hasattr(kind, "output")):
            raise TypeError("not an image network")
        if ours and shapes is not None:
            _check_shapes(kind, arguments, shapes, where)
        network: nn.Module = kind(**arguments)
    if network.output != description.get("output", network.output):
        raise InputError(where, f"says its output is {description['output']}, {kind.__name__}'s is {network.output}")
    return network


def check_rebuilt(network: nn.Module, trust: Collection[str]) -> None:
    """Refuses to train a network that could not be built again from its checkpoint.

    Raises:
        InputError: says what is missing.
    """
    path = f"module.network ({type(network).__module__}.{type(network).__qualname__})"
    description = describe_network(network)
    with as_input_error(path, "keep only numbers, texts and lists there", "its `hyper_parameters` cannot be saved"):
        description = json.loads(json.dumps(description))
    with torch.random.fork_rng(devices=[]):  # fresh weights are drawn
        again = build_network(description, path, trust=trust, shapes=shapes_of(network.state_dict()))
    if shapes_of(again.state_dict()) != shapes_of(network.state_dict()):
        cure = "keep every argument of its constructor there"
        raise InputError(path, "its `hyper_parameters` build a network of other weights", cure)


def shapes_of(state: Mapping[str, Tensor]) -> Shapes:
    """Of a state dictionary."""
    return {name: tuple(value.shape) for name, value in state.items()}


def _check_shapes(kind: Any, arguments: dict[str, Any], shapes: Shapes, where: str) -> None:
    """Builds the network without memory for its weights, and compares their sizes with the file's."""
    with torch.device("meta"):
        expected = shapes_of(kind(**arguments).state_dict())
    for name in sorted(expected.keys() | shapes.keys()):
        if expected.get(name) != shapes.get(name):
            there, here = shapes.get(name, "missing"), expected.get(name, "missing")
            seen = (
                f"its weights do not fit its own network: {name} is {there} in the file and {here} in {kind.__name__}"
            )
            raise InputError(where, seen, "copy it again, or train it again")


def _limit(shapes: Shapes | None) -> float:
    """No network has more channels than its tensors are wide, nor more blocks than it has tensors."""
    if shapes is None:
        return LARGEST
    return min(max(MOST_PASSES, len(shapes), *(side for shape in shapes.values() for side in shape), 0), LARGEST)


def _check_arguments(arguments: object, where: str, most: float) -> None:
    """Refuses what no constructor here takes, before one is called: a billion blocks would take for ever to build."""
    if not isinstance(arguments, dict):
        raise InputError(where, "has no hyper-parameters of a network", "export it again")
    for name, value in arguments.items():
        values = value if isinstance(value, list) else [value]
        plain = all(value is None or isinstance(value, bool | int | float | str) for value in values)
        if not isinstance(name, str) or not plain or len(values) > _LONGEST:
            raise InputError(where, f"its hyper-parameter {name!s:.40} is no plain value", "export it again")
        limit = min(MOST_PASSES, most) if name in _PASSES and most <= LARGEST else most
        for number in values:
            size = abs(number) if isinstance(number, int | float) else 0
            if not math.isfinite(size) or (isinstance(number, int) and size > limit):
                raise InputError(where, f"its hyper-parameter {name} is {number:g}", f"at most {limit} is expected")
