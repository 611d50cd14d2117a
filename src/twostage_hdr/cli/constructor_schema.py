"""Typed constructors are the schema of the configs: what does not fit one is refused before any is called."""

import inspect
import types
from collections.abc import Iterator
from typing import Any, Union, get_args, get_origin

from hydra.utils import get_object
from omegaconf import DictConfig, OmegaConf

from twostage_hdr.errors import InputError

TARGET = "_target_"
RESERVED = (TARGET, "_partial_", "_args_", "_recursive_", "_convert_")
"""Hydra's own keys beside a target's arguments."""
NUMBERS = (int, float, bool, type(None))


def check_settings(config: DictConfig) -> None:
    """Compares every setting with the argument that it becomes.

    Raises:
        InputError: an argument that the target does not have, with those it has; or words where a number belongs.
    """
    plain = OmegaConf.to_container(config, resolve=True)
    for place, node in _targets(plain, ""):
        arguments = inspect.signature(get_object(node[TARGET])).parameters
        if any(argument.kind is argument.VAR_KEYWORD for argument in arguments.values()):
            continue
        for name, value in node.items():
            if name in RESERVED:
                continue
            if name not in arguments:
                raise InputError(f"{place}.{name}", "no such setting", f"{place} has {', '.join(arguments)}")
            if isinstance(value, str) and value != "???" and _takes_numbers_alone(arguments[name].annotation):
                raise InputError(f"{place}.{name}={value}", "must be a number")


def _targets(node: Any, place: str) -> Iterator[tuple[str, dict[str, Any]]]:
    if isinstance(node, dict):
        if TARGET in node:
            yield place, node
        for name, value in node.items():
            yield from _targets(value, f"{place}.{name}".lstrip("."))
    elif isinstance(node, list):
        for index, value in enumerate(node):
            yield from _targets(value, f"{place}.{index}")


def _takes_numbers_alone(annotation: Any) -> bool:
    parts = get_args(annotation) if get_origin(annotation) in (Union, types.UnionType) else (annotation,)
    return all(part in NUMBERS for part in parts)
