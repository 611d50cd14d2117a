"""Composes the configs as the command does, without running anything."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import hydra
import pytest
from hydra.core.global_hydra import GlobalHydra
from omegaconf import DictConfig, OmegaConf

from twostage_hdr.cli.hydra_command import config_directory


@pytest.fixture
def compose(tmp_path: Path) -> Callable[..., DictConfig]:
    """`compose("module=two_stage", ...)`: the config of a run in a temporary directory."""

    def run(*overrides: str, config: str = "train") -> DictConfig:
        GlobalHydra.instance().clear()
        with hydra.initialize_config_dir(version_base="1.3", config_dir=str(config_directory())):
            return hydra.compose(config, overrides=[f"run_dir={tmp_path}", *overrides])

    return run


@pytest.fixture
def resolved(compose: Callable[..., DictConfig]) -> Callable[..., dict[str, Any]]:
    """The composed config as plain values, every interpolation resolved."""

    def run(*overrides: str, config: str = "train") -> dict[str, Any]:
        container = OmegaConf.to_container(compose(*overrides, config=config), resolve=True)
        assert isinstance(container, dict)
        return container

    return run
