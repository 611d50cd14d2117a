"""Runs a Hydra command as a verb of the console script, with the user's mistakes told in one line."""

import os
import re
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NoReturn

import hydra
from hydra.core.global_hydra import GlobalHydra
from hydra.core.hydra_config import HydraConfig
from hydra.errors import HydraException
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf, read_write
from omegaconf.errors import OmegaConfBaseException

import twostage_hdr
from twostage_hdr.errors import InputError


def config_directory() -> Path:
    """The Hydra configs: inside an installed package, or beside `src` in a checkout."""
    package = Path(twostage_hdr.__file__).parent
    installed = package / "conf"
    return installed if installed.is_dir() else package.parents[1] / "conf"


HYDRAS_OPTIONS = (
    *("--help", "-h", "--multirun", "-m", "--cfg", "-c", "--resolve", "--package", "-p", "--info", "-i"),
    *("--config-path", "-cp", "--config-name", "-cn", "--config-dir", "-cd", "--run", "-r", "--version"),
    *("--hydra-help", "--shell-completion", "-sc", "--experimental-rerun"),
)
"""What may begin with a dash; all else that these verbs take is key=value."""

_HELP_NEEDS = {"inspect": "data=hdm", "prepare": "data=hdm"}
"""Verbs that cannot do without a choice, and the one with which their help shows settings."""


def run_verb(task: Callable[[DictConfig], float | None], config: str, arguments: list[str]) -> None:
    """Composes `config` with the user's overrides and runs the task, once or as a sweep.

    Args:
        task: takes the composed config; returns the score that a searching sweeper wants, if any.
        config: name of the primary config.
        arguments: overrides and Hydra's own flags.

    Raises:
        InputError: an override that does not fit, with the choices listed; or what the task refuses.
    """
    _check_options(arguments)
    if (
        config in _HELP_NEEDS
        and {"--help", "-h"} & set(arguments)
        and not any(a.startswith("data=") for a in arguments)
    ):
        arguments = [*arguments, _HELP_NEEDS[config]]
    if config == "evaluate" and not any(argument.startswith("data=") for argument in arguments):
        # Changes to the data of a run, which are not known before the run's own config has been read.
        arguments = [f"+{argument}" if argument.startswith("data.") else argument for argument in arguments]
    # Hydra then raises instead of printing its own message and leaving.
    os.environ["HYDRA_FULL_ERROR"] = "1"
    program = sys.argv
    # Hydra's parser takes its flags before or after the overrides, not between them.
    sys.argv = [program[0], *sorted(arguments, key=lambda argument: argument not in ("-m", "--multirun"))]
    decorate = hydra.main(version_base="1.3", config_path=str(config_directory()), config_name=config)
    refused: list[Exception] = []
    folder: list[Path] = []  # of the job's own, once it runs

    def job(settings: DictConfig) -> float | None:
        folder[:] = [Path(HydraConfig.get().runtime.output_dir)]
        sys.argv = [program[0], config, *_arguments_of_job()]
        if HydraConfig.get().mode == RunMode.MULTIRUN:
            return task(settings)  # Hydra tells which job of the sweep failed
        try:
            return task(settings)
        except (InputError, HydraException, OmegaConfBaseException) as error:
            refused.append(error)
            return None

    try:
        decorate(job)()
        if refused:
            raise refused[0]
    except (HydraException, OmegaConfBaseException) as error:
        _refuse(error, config, arguments)
    except ValueError as error:
        if not str(error).startswith("Config group override must be"):
            raise
        raise _no_choice(arguments) from error
    except (FileExistsError, NotADirectoryError, PermissionError) as error:
        place = Path(str(error.filename)).absolute()
        own = not folder or place.is_relative_to(folder[0])
        cure = "choose a folder that can be written with hydra.run.dir=DIR" if own else "see to its permissions"
        raise InputError(error.filename, f"{error.strerror}", f"{cure}") from error
    finally:
        sys.argv = program


def _no_choice(arguments: Iterable[str]) -> InputError:
    """`experiment=null`: Hydra wants the name of a choice, and does not say where."""
    for argument in arguments:
        key, _, value = argument.lstrip("+").partition("=")
        directory = config_directory() / key.split("@")[0]
        if key and directory.is_dir() and not isinstance(OmegaConf.from_dotlist([f"choice={value}"]).choice, str):
            choices = ", ".join(sorted(file.stem for file in directory.glob("*.yaml")))
            return InputError(argument, f"expected the name of a choice ({choices}), or leave it out")
    return InputError("a group's setting", "expected the name of a choice, or leave it out")


def _check_options(arguments: Iterable[str]) -> None:
    for argument in arguments:
        if argument.startswith("-") and argument.split("=")[0] not in HYDRAS_OPTIONS:
            raise InputError(
                argument, "no such option", f"settings are key=value, options are {', '.join(HYDRAS_OPTIONS)}"
            )


def _arguments_of_job() -> list[str]:
    """What starts this very job again, and in its folder: with it Lightning starts the other processes of a DDP run.

    `sys.argv` would otherwise lack the verb, and in a sweep start the whole sweep again.
    """
    run = HydraConfig.get().run
    with read_write(run):  # type: ignore[arg-type]
        run.dir = HydraConfig.get().runtime.output_dir
    of_the_sweep = re.compile(r"\+*hydra([./](launcher|sweeper|sweep|mode)\b|\.run\.dir)")
    overrides = HydraConfig.get().overrides
    return [*overrides.task, *(override for override in overrides.hydra if not of_the_sweep.match(override))]


def _refuse(error: Exception, config: str, arguments: list[str]) -> NoReturn:
    """One line from Hydra's error: what was wrong, and the choices."""
    cause: BaseException = error
    while cause.__cause__ is not None:
        cause = cause.__cause__
    if isinstance(cause, InputError):
        raise cause
    text = " ".join(str(error).split())
    wrong = re.search(r"Could not override '([^']+)'", text)
    if wrong:
        key = wrong.group(1)
        if config == "evaluate" and key.startswith("camera"):
            raise InputError(key, "belongs to data=SOURCE, which must be chosen with it", "add data=...") from error
        raise InputError(key, f"no such setting{_choices(key, config, arguments)}") from error
    missing = re.search(r"Missing mandatory value: (\S+)", text)
    if missing:
        raise InputError(f"{missing.group(1)}", "must be given", f"add {missing.group(1)}=VALUE") from error
    called = re.search(r"Error in call to target '([\w.]+)': (.*?)(?: full_key: (\S+))?$", text)
    if called:
        raise InputError(f"{called.group(3) or called.group(1)}", f"{called.group(2)}") from error
    raise InputError(text.split(" Config search path")[0]) from error


def _choices(key: str, config: str, arguments: Iterable[str]) -> str:
    """The settings that exist where the unknown one was looked for."""
    keep = [a for a in arguments if not a.startswith("-") and a.lstrip("+~").split("=")[0] != key]
    GlobalHydra.instance().clear()
    with hydra.initialize_config_dir(version_base="1.3", config_dir=str(config_directory())):
        try:
            composed = hydra.compose(config, overrides=keep)
        except HydraException:
            return ""
    parts = key.split("@")[0].split("/")[-1].split(".")
    for depth in range(len(parts) - 1, -1, -1):
        node = OmegaConf.select(composed, ".".join(parts[:depth])) if depth else composed
        if isinstance(node, DictConfig):
            place = ".".join(parts[:depth]) or "the top level"
            return f"; {place} has {', '.join(str(name) for name in node)}"
    return ""
