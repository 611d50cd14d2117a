"""Hydra's errors as one line: what was wrong, and what there is instead."""

import difflib
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NoReturn

import hydra
from hydra.core.global_hydra import GlobalHydra
from hydra.errors import HydraException, OverrideParseException
from omegaconf import DictConfig, OmegaConf

from twostage_hdr.errors import InputError

RENAMED = {
    "train": {
        "init_from": "weights",
        "ckpt_path": "resume_from",
        "module.stage_one": "module.stage_one_weights",
        "module.memory": "module.cache_dir",
    },
    "evaluate": {"checkpoint": "weights"},
}
"""By verb: settings as they were called once, and as they are called now."""

ROOTS = {
    "gain_map": "PHOTOS_ROOT",
    "hdm": "HDM_ROOT",
    "hdr_": "HDR_ROOT",
    "kalantari": "KALANTARI_ROOT",
    "paired": "PAIRS_ROOT",
    "store": "STORE_ROOT",
}
"""By the beginning of a source's name: the environment variable that may stand for `data.root=`."""


def refuse_old_names(config: str, arguments: Iterable[str]) -> None:
    """Refuses settings under a name that they no longer have.

    Raises:
        InputError: names the new one.
    """
    for argument in arguments:
        key, equals, value = argument.lstrip("+~").partition("=")
        new = RENAMED.get(config, {}).get(key)
        if new:
            raise InputError(f"{key}{equals}{value}", "has another name now", f"write {new}={value or 'VALUE'}")


def refuse(error: Exception, config: str, arguments: Sequence[str], directory: Path) -> NoReturn:
    """Raises the one line that an error of Hydra, composing the config of a verb or making an object from it, means.

    Raises:
        InputError: always.
    """
    cause: BaseException = error
    while cause.__cause__ is not None:
        cause = cause.__cause__
    if isinstance(cause, InputError):
        raise cause
    text = " ".join(str(error).split())
    if isinstance(error, OverrideParseException):
        seen, cure = text.split(" See https")[0], "write KEY=VALUE, or KEY='VALUE' if VALUE contains = or ["
        raise InputError(error.override, seen, cure) from error
    if unset := re.search(r"You must specify '([^']+)', e.g, \S+ Available options: (.*)", text):
        name, listed = unset.groups()
        raise InputError(name, "must be given", f"add {name}=CHOICE, one of {', '.join(listed.split())}") from error
    if wrong := re.search(
        r"Could not find '(?:[^']*/)?([^'/]*)' Available options in '([^']+)': (.*?)(?: Config|$)", text
    ):
        name, group, listed = wrong.groups()
        choices = listed.split()
        seen, cure = f"no such choice{_meant(name, choices)}", f"choose one of {', '.join(choices)}"
        raise InputError(f"{group}={name}", seen, cure) from error
    if meant := re.search(r"Could not override '([^'@]+)'. Did you mean to override (?:one of )?([^?]+)\?", text):
        places = meant.group(2).replace(", ", "=CHOICE or ")
        raise InputError(meant.group(1), "no such setting", f"write {places}=CHOICE")
    if wrong := re.search(r"Could not (?:override|delete) '([^']+)'", text):
        raise _no_such_setting(wrong.group(1), config, arguments, directory) from error
    if missing := re.search(r"Missing mandatory value: (\S+)", text):
        raise InputError(f"{missing.group(1)}", "must be given", f"add {missing.group(1)}=VALUE") from error
    if "No supported gpu backend" in text:  # Lightning's
        raise InputError("trainer.accelerator=gpu", "PyTorch finds no GPU here", "take trainer=cpu") from error
    if called := re.search(r"Error in call to target '([\w.]+)': (.*?)(?: full_key: (\S+))?$", text):
        raise InputError(called.group(3) or called.group(1), called.group(2), "correct it there") from error
    raise InputError(text.split(" Config search path")[0]) from error


def no_root(source: str | None) -> InputError:
    """A folder of data that was not given."""
    variable = next((ROOTS[name] for name in ROOTS if (source or "").startswith(name)), None)
    return InputError("data.root", "must be given", "add data.root=PATH" + (f" or set {variable}" if variable else ""))


def _no_such_setting(key: str, config: str, arguments: Sequence[str], directory: Path) -> InputError:
    if config == "evaluate" and key.startswith("camera"):
        return InputError(key, "belongs to data=SOURCE, which must be chosen with it", "add data=...")
    place, names = _names_beside(key, config, arguments, directory)
    if not names:
        return InputError(key, "no such setting")
    if not place:
        groups = [folder.name for folder in directory.iterdir() if folder.is_dir() and folder.name != "hydra"]
        names = sorted({*names, *groups})
    meant = _meant(key.split("@")[0].split(".")[-1], names)
    return InputError(key, f"no such setting{meant}", f"{place or 'the top level'} has {', '.join(names)}")


def _meant(name: str, known: Sequence[str]) -> str:
    """The known name that is spelt most like this one, as a question; nothing if none is."""
    near = difflib.get_close_matches(name, known, n=1)
    return f", did you mean {near[0]}?" if near else ""


def _names_beside(key: str, config: str, arguments: Sequence[str], directory: Path) -> tuple[str, list[str]]:
    """The innermost place of an unknown setting that exists ("" for the top level), and the settings that are there."""
    keep = [a for a in arguments if not a.startswith("-") and a.lstrip("+~").split("=")[0] != key]
    GlobalHydra.instance().clear()
    with hydra.initialize_config_dir(version_base="1.3", config_dir=str(directory)):
        try:
            composed = hydra.compose(config, overrides=keep)
        except HydraException:
            return "", []
    parts = key.split("@")[0].split("/")[-1].split(".")
    for depth in range(len(parts) - 1, -1, -1):
        place = ".".join(parts[:depth])
        node = OmegaConf.select(composed, place) if place else composed
        if isinstance(node, DictConfig):
            return place, [str(name) for name in node if name != "_target_"]
    return "", []
