"""The classes that a configuration names: where they lie, whose they are, whether they may be built, and of what."""

import inspect
import types
from collections.abc import Collection, Iterator, Mapping
from typing import Any, Union, get_args, get_origin

from hydra.utils import get_object
from omegaconf import DictConfig, ListConfig, OmegaConf

from twostage_hdr.boundary.refusal import one_line
from twostage_hdr.boundary.trust import PACKAGE, check_path, current_path, import_module, load_class, make_importable
from twostage_hdr.errors import InputError

TARGET = "_target_"

TRUST = "trust"
"""The setting that names the user's packages whose classes may be taken out of runs and weight files."""

LIBRARIES = frozenset({PACKAGE, "hydra", "lightning", "pytorch_lightning", "torch", "torchmetrics"})
"""Packages that configurations name without being the user's own."""

DATA = ("data", "camera")
"""Subpackages whose classes a run's data configuration may name."""

RESERVED = (TARGET, "_partial_", "_args_", "_recursive_", "_convert_")
"""Hydra's own keys beside a target's arguments."""
NUMBERS = {int, float, bool, type(None)}


def targets(node: Any, place: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every node with a `_target_` in plain containers, and where it is."""
    if isinstance(node, dict):
        if TARGET in node:
            yield place, node
        for name, value in node.items():
            yield from targets(value, f"{place}.{name}".lstrip("."))
    elif isinstance(node, list):
        for index, value in enumerate(node):
            yield from targets(value, f"{place}.{index}".lstrip("."))


def their_packages(config: Any) -> set[str]:
    """Packages of the user's own whose classes a configuration names."""
    plain = OmegaConf.to_container(config) if isinstance(config, DictConfig | ListConfig) else config
    named = {node[TARGET].partition(".")[0] for _, node in targets(plain) if isinstance(node[TARGET], str)}
    return {package for package in named - LIBRARIES if package.isidentifier()}


def use_own_classes(config: DictConfig) -> None:
    """Readies a configuration of the user's own: classes that have moved are named where they lie now, and packages of
    the current folder can be found.
    """
    rename_moved(config)
    for package in their_packages(config):
        make_importable(package)


def rename_moved(config: DictConfig | ListConfig) -> None:
    """Names every class where it lies now, in place."""
    for place, node in targets(OmegaConf.to_container(config)):
        old = node[TARGET]
        if isinstance(old, str) and current_path(old) != old:
            OmegaConf.update(config, f"{place}.{TARGET}".lstrip("."), current_path(old))


def check_targets(config: Any, *, parts: Collection[str], trust: Collection[str], where: object) -> None:
    """Refuses a configuration out of a file if it names a class that may not be built; imports nothing from outside.

    Args:
        config: as it will be instantiated, resolved.
        parts: of this package, whose classes are expected.
        trust: packages of the user's whose classes may be there as well.
        where: the file.

    Raises:
        InputError: names the first such class.
    """
    for _, node in targets(OmegaConf.to_container(config)):
        path = check_path(node[TARGET], parts=parts, trust=trust, where=where)
        if path.startswith(f"{PACKAGE}."):  # a class of ours, and not something that one of our modules imports
            load_class(path, parts=parts, trust=(), where=where)


def trusted(config: DictConfig) -> list[str]:
    """The setting `trust`: packages whose classes may be taken out of runs and weight files.

    Raises:
        InputError: no list of names.
    """
    value = config.get(TRUST)
    names = [value] if isinstance(value, str) else list(value or ())
    for name in names:
        if not isinstance(name, str) or not all(part.isidentifier() for part in name.split(".")):
            raise InputError(f"trust={value}", "no name of a package", "give trust=[mypackage]")
    return names


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
            annotation = arguments[name].annotation
            parts = get_args(annotation) if get_origin(annotation) in (Union, types.UnionType) else (annotation,)
            if isinstance(value, str) and value != "???" and set(parts) <= NUMBERS:
                raise InputError(f"{place}.{name}={value}", "must be a number", "give one")


def _arguments(target: Any, place: str) -> Mapping[str, inspect.Parameter]:
    where = f"{place}.{TARGET}={target}"
    package, dot, _ = str(target).partition(".")
    if dot and their_packages({TARGET: target}):
        import_module(package, where=where)  # says more than Hydra what is wrong with it
    try:
        found = get_object(target)
    except Exception as error:
        raise InputError(where, f"cannot be used ({one_line(error)})", "give PACKAGE.MODULE.CLASS") from error
    try:
        return inspect.signature(found).parameters
    except ValueError:  # a class in C that does not say
        return inspect.signature(lambda **anything: None).parameters
