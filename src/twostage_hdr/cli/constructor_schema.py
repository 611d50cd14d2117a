"""Typed constructors are the schema of the configs: what does not fit one is refused before any is called."""

import inspect
import types
from collections.abc import Mapping
from typing import Any, Union, get_args, get_origin

from hydra.utils import get_object
from omegaconf import DictConfig, OmegaConf

from twostage_hdr.boundary.refusal import one_line
from twostage_hdr.boundary.trust import import_module
from twostage_hdr.cli.targets import TARGET, targets, their_packages
from twostage_hdr.errors import InputError

RESERVED = (TARGET, "_partial_", "_args_", "_recursive_", "_convert_")
"""Hydra's own keys beside a target's arguments."""
NUMBERS = (int, float, bool, type(None))


def check_settings(config: DictConfig) -> None:
    """Compares every setting with the argument that it becomes.

    Raises:
        InputError: a target that is not there, an argument that it does not have, with those it has; or words where a
            number belongs.
    """
    plain = OmegaConf.to_container(config, resolve=True)
    for place, node in targets(plain):
        arguments = _arguments(node[TARGET], place)
        if any(argument.kind is argument.VAR_KEYWORD for argument in arguments.values()):
            continue
        for name, value in node.items():
            if name in RESERVED:
                continue
            if name not in arguments:
                raise InputError(f"{place}.{name}", "no such setting", f"{place} has {', '.join(arguments)}")
            if isinstance(value, str) and value != "???" and _takes_numbers_alone(arguments[name].annotation):
                raise InputError(f"{place}.{name}={value}", "must be a number", "give one")


def _arguments(target: Any, place: str) -> Mapping[str, inspect.Parameter]:
    where = f"{place}.{TARGET}={target}"
    package, dot, _ = str(target).partition(".")
    if dot and their_packages({TARGET: target}):
        import_module(package, where=where)  # says more than Hydra what is wrong with it
    try:
        found = get_object(target)
    except Exception as error:
        raise InputError(
            where, f"cannot be used ({one_line(error)})", "name a class as PACKAGE.MODULE.CLASS"
        ) from error
    try:
        return inspect.signature(found).parameters
    except ValueError:  # a class in C that does not say
        return inspect.signature(lambda **anything: None).parameters


def _takes_numbers_alone(annotation: Any) -> bool:
    parts = get_args(annotation) if get_origin(annotation) in (Union, types.UnionType) else (annotation,)
    return all(part in NUMBERS for part in parts)
