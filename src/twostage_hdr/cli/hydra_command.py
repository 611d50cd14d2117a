"""Runs a Hydra command as a verb of the console script, with the user's mistakes in one line.

PyTorch and the rest are imported when the config has been composed: help and misspelt settings do not wait for them.
"""

import importlib
import os
import re
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import hydra
from hydra.core.hydra_config import HydraConfig
from hydra.errors import HydraException
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf, read_write
from omegaconf.errors import OmegaConfBaseException

import twostage_hdr
from twostage_hdr.cli.hydra_errors import no_root, refuse, refuse_old_names
from twostage_hdr.cli.hydra_help import help_text
from twostage_hdr.cli.run_directory import RunDirectory
from twostage_hdr.cli.targets import use_own_classes
from twostage_hdr.errors import InputError

Task = Callable[[DictConfig], float | None]
"""Takes the composed config; returns the score that a searching sweeper wants, if any."""


def config_directory() -> Path:
    """The Hydra configs: inside an installed package, or beside `src` in a checkout."""
    package = Path(twostage_hdr.__file__).parent
    installed = package / "conf"
    return installed if installed.is_dir() else package.parents[1] / "conf"


HYDRAS_OPTIONS = (
    *("--help", "-h", "--multirun", "-m", "--cfg", "-c", "--resolve", "--package", "-p", "--info", "-i"),
    *("--config-path", "-cp", "--config-name", "-cn", "--config-dir", "-cd", "--run", "-r", "--version"),
    *("--hydra-help", "--shell-completion", "-sc"),
)
"""What may begin with a dash; all else that these verbs take is key=value. Not `--experimental-rerun`: it unpickles."""


def run_verb(verb: str, arguments: list[str], task: Task | None = None) -> None:
    """Composes the verb's config with the user's overrides and runs its task, once or as a sweep.

    Args:
        verb: name of the primary config, of a module of `twostage_hdr.cli` and of its function, the task.
        arguments: overrides and Hydra's own flags.
        task: another one.

    Raises:
        InputError: an override that does not fit, with the choices listed; or what the task refuses.
    """
    if {"--help", "-h"} & set(arguments):
        print(help_text(verb, config_directory()), end="")
        return
    for argument in arguments:
        if argument.startswith("-") and argument.split("=")[0] not in HYDRAS_OPTIONS:
            cure = f"settings are key=value, options are {', '.join(HYDRAS_OPTIONS)}"
            raise InputError(argument, "no such option", cure)
    refuse_old_names(verb, arguments)
    arguments = [_spelt_for_hydra(argument) for argument in arguments]
    if verb == "evaluate" and not any(argument.startswith("data=") for argument in arguments):
        # Changes to the data of a run, which are not known before the run's own config has been read.
        arguments = [f"+{argument}" if argument.startswith("data.") else argument for argument in arguments]
    # Hydra then raises instead of printing its own message and leaving.
    os.environ["HYDRA_FULL_ERROR"] = "1"
    program = sys.argv
    # Hydra's parser takes its flags before or after the overrides, not between them.
    sys.argv = [program[0], *sorted(arguments, key=lambda argument: argument not in ("-m", "--multirun"))]
    decorate = hydra.main(version_base="1.3", config_path=str(config_directory()), config_name=verb)
    refused: list[Exception] = []
    folder: list[Path] = []  # of the job's own, once it runs

    def job(settings: DictConfig) -> float | None:
        folder[:] = [Path(HydraConfig.get().runtime.output_dir)]
        sys.argv = [program[0], verb, *_config_options(arguments), *_arguments_of_job()]
        use_own_classes(settings)
        if HydraConfig.get().mode == RunMode.MULTIRUN:
            return _run(verb, settings, task)  # Hydra says which job of the sweep failed
        try:
            return _run(verb, settings, task)
        except Exception as error:  # raised outside of Hydra, which would print a line of its own first
            refused.append(error)
            return None

    try:
        decorate(job)()
        if refused:
            raise refused[0]
    except (HydraException, OmegaConfBaseException) as error:
        refuse(error, verb, arguments, config_directory())
    except ValueError as error:
        if not str(error).startswith("Config group override must be"):
            raise
        seen, cure = "a group takes the name of a choice", "give one, or leave it out"
        raise InputError(" ".join(arguments), seen, cure) from error
    except (FileExistsError, NotADirectoryError, PermissionError) as error:
        place = Path(str(error.filename)).absolute()
        own = not folder or place.is_relative_to(folder[0])
        cure = "choose a folder that can be written with hydra.run.dir=DIR" if own else "see to its permissions"
        raise InputError(error.filename, f"{error.strerror}", f"{cure}") from error
    finally:
        sys.argv = program


def _run(verb: str, settings: DictConfig, task: Task | None) -> float | None:
    """Imports and runs the task, once all that must be given is there; where nothing was done no folder stays."""
    try:
        for key in sorted(OmegaConf.missing_keys(settings)):
            raise InputError(key, "must be given", f"add {key}=VALUE")
        if (settings.get("data") or {}).get("root") == "???":  # the environment variable's default: no folder
            raise no_root(HydraConfig.get().runtime.choices.get("data"))
        if task is None:
            task = getattr(importlib.import_module(f"twostage_hdr.cli.{verb}"), verb)
        return task(settings)
    except BaseException:
        RunDirectory(Path(HydraConfig.get().runtime.output_dir)).abandon()
        raise


def _spelt_for_hydra(argument: str) -> str:
    """`group=null` as Hydra has it: the choice `none` where the group has one, else the group's deletion."""
    key, equals, value = argument.partition("=")
    group = config_directory() / key.split("@")[0]
    if not equals or key.startswith(("+", "~", "-")) or not group.is_dir():
        return argument
    if (group / "none.yaml").is_file():
        return f"{key}={','.join('none' if one in ('null', '') else one for one in value.split(','))}"
    return f"~{key}" if value == "null" and "@" in key else argument


def _config_options(arguments: Sequence[str]) -> list[str]:
    """Which configuration the user chose, among Hydra's options: a process of the same job needs it too."""
    names = ("--config-path", "-cp", "--config-name", "-cn", "--config-dir", "-cd")
    kept = []
    for argument, following in zip(arguments, [*arguments, ""][1:], strict=True):
        if argument in names:
            kept += [argument, following]
        elif argument.startswith(tuple(f"{name}=" for name in names)):
            kept.append(argument)
    return kept


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
