"""The classes that a configuration names: where they lie now, whose they are, and whether they may be built."""

from collections.abc import Collection, Iterator
from typing import Any

from omegaconf import DictConfig, ListConfig, OmegaConf, open_dict

from twostage_hdr.boundary.trust import PACKAGE, check_path, current_path, load_class, make_importable
from twostage_hdr.errors import InputError

TARGET = "_target_"

TRUST = "trust"
"""The setting that names the user's packages whose classes may be taken out of runs and weight files."""

LIBRARIES = frozenset({PACKAGE, "hydra", "lightning", "pytorch_lightning", "torch", "torchmetrics"})
"""Packages that configurations name without being the user's own."""

DATA = ("data", "camera")
"""Of this package, whose classes a run's data consist of."""


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


def rename_moved(node: DictConfig | ListConfig) -> None:
    """Names every class where it lies now, in place."""
    keys: Any = list(node.keys()) if isinstance(node, DictConfig) else range(len(node))
    for key in keys:
        if OmegaConf.is_missing(node, key) or OmegaConf.is_interpolation(node, key):
            continue
        value = node[key]
        if isinstance(value, DictConfig | ListConfig):
            rename_moved(value)
        elif key == TARGET and isinstance(value, str) and current_path(value) != value:
            with open_dict(node):
                node[key] = current_path(value)


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
