"""A run's settings as one number that does not depend on where files lie."""

import hashlib
import json
from pathlib import Path
from typing import Any

from omegaconf import OmegaConf

from twostage_hdr.cli.run_directory import RunDirectory

OF_FILES = ("root", "split_file", "weights", "stage_one_weights", "vgg16_weights", "vgg19_weights")
"""Settings that name a file or folder: its content counts, or its name, not its place."""


def config_hash(run: Path) -> str:
    """The first 12 hexadecimal digits of the SHA-256 of a run's settings, as sorted JSON.

    A folder with a run in it counts as that run's own hash, a small text file as its content, all else as its name.

    Args:
        run: a run's folder.

    Raises:
        InputError: no run in it.
    """
    settings = OmegaConf.to_container(RunDirectory(run).config(), resolve=True)
    text = json.dumps(_placeless(settings, run), sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def _placeless(value: Any, run: Path, key: str = "") -> Any:
    if isinstance(value, dict):
        return {name: _placeless(item, run, str(name)) for name, item in value.items()}
    if isinstance(value, list):
        return [_placeless(item, run, key) for item in value]
    if not isinstance(value, str):
        return value
    if key in OF_FILES:
        return _file(Path(value))
    return value.replace(str(run), "${run_dir}")


def _file(path: Path) -> str:
    if (path / "config.yaml").is_file():
        return config_hash(path)
    if path.suffix == ".json" and path.is_file():
        return hashlib.sha256(path.read_bytes()).hexdigest()[:12]
    return path.name
