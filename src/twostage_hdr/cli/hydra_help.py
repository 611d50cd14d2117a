"""`--help` of the verbs that Hydra runs: the usual commands first, then what can be chosen; nothing is composed."""

import shutil
import textwrap
from collections.abc import Iterator
from pathlib import Path
from string import Template

from omegaconf import DictConfig, OmegaConf

OF_COMPOSITION = ("defaults", "hydra", "run_dir")
"""Entries of a primary config that are not a user's settings."""


def help_text(config: str, directory: Path) -> str:
    """What `twostage-hdr VERB --help` prints: `hydra.help.template` of the config of that name in the directory.

    $RECIPES becomes the experiments, each with the first line of its file; $GROUPS the groups with their choices;
    $SETTINGS the verb's own settings with their comments.
    """
    text = (directory / f"{config}.yaml").read_text(encoding="utf-8")
    primary = OmegaConf.create(text)
    assert isinstance(primary, DictConfig)
    width = max(shutil.get_terminal_size().columns - 2, 40)
    wrapped = textwrap.TextWrapper(width, subsequent_indent="  ", break_on_hyphens=False).fill
    parts = {
        "RECIPES": [f"{file.stem:12}{_purpose(file)}" for file in sorted((directory / "experiment").glob("*.yaml"))],
        "GROUPS": [wrapped(f"{name}: {', '.join(choices)}") for name, choices in _groups(directory, primary)],
        "SETTINGS": [
            line for line in text.splitlines() if line[:1].isalpha() and line.split(":")[0] not in OF_COMPOSITION
        ],
    }
    template = Template(primary.hydra.help.template)
    return template.substitute({name: textwrap.indent("\n".join(lines), "  ") for name, lines in parts.items()})


def _groups(directory: Path, primary: DictConfig) -> Iterator[tuple[str, list[str]]]:
    """The groups that the verb's config chooses from, then those that lie inside a module."""
    named = [str(next(iter(entry))) for entry in primary.defaults if isinstance(entry, DictConfig)]
    shown = [name for name in named if (directory / name).is_dir()] + ["camera"]
    for name in shown:
        yield name, sorted(file.stem for file in (directory / name).glob("*.yaml"))
    if "module" not in shown:
        return
    for name in ("network", "loss", "optimizer", "schedule", "discriminator"):
        yield f"{name}@module.ARGUMENT", sorted(file.stem for file in (directory / name).glob("*.yaml"))


def _purpose(file: Path) -> str:
    """The first comment of a config: what is chosen with it."""
    lines = (line for line in file.read_text(encoding="utf-8").splitlines() if not line.startswith("# @"))
    return next(lines, "").removeprefix("# ")
