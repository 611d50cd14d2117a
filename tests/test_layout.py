"""Where things are: a checkout and an installed wheel offer the same, and tests mirror the package."""

import importlib
import tomllib
from pathlib import Path

import pytest

import twostage_hdr
from twostage_hdr.cli.hydra_command import config_directory
from twostage_hdr.inference.weights import SHIPPED

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "src" / "twostage_hdr"
NOT_MIRRORED = {"conf", "experiments", "fuzz", "integrations", "pipeline", "cluster", "oracles"}
"""Folders of tests of something else than one module."""
OF_A_WHOLE_PACKAGE = {"test_contract"}
"""Tests of what all modules of a package have in common."""


@pytest.fixture(scope="module")
def project() -> dict:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def test_in_a_checkout_the_configs_are_those_beside_src() -> None:
    assert config_directory() == ROOT / "conf"


def test_in_a_wheel_the_configs_travel_inside_the_package(
    project: dict, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    inside = project["tool"]["hatch"]["build"]["targets"]["wheel"]["force-include"]
    assert inside["conf"] == "twostage_hdr/conf"
    installed = tmp_path / "twostage_hdr"
    (installed / "conf").mkdir(parents=True)
    monkeypatch.setattr(twostage_hdr, "__file__", str(installed / "__init__.py"))
    assert config_directory() == installed / "conf"


def test_the_shipped_weights_lie_inside_the_package() -> None:
    assert SHIPPED.parent == PACKAGE


def test_the_console_command_exists(project: dict) -> None:
    module, _, function = project["project"]["scripts"]["twostage-hdr"].partition(":")
    assert callable(getattr(importlib.import_module(module), function))


def test_what_the_source_distribution_promises_is_there(project: dict) -> None:
    for name in project["tool"]["hatch"]["build"]["targets"]["sdist"]["include"]:
        assert (ROOT / name).exists(), name
    assert project["project"]["version"] == twostage_hdr.__version__


def test_every_folder_of_code_is_a_package_that_says_what_it_is() -> None:
    for folder in {path.parent for path in PACKAGE.rglob("*.py")}:
        assert (folder / "__init__.py").read_text(encoding="utf-8").startswith('"""'), folder


def test_every_test_file_mirrors_a_module_or_a_package() -> None:
    strays = []
    for path in (ROOT / "tests").rglob("test_*.py"):
        place = path.relative_to(ROOT / "tests")
        mirrored = PACKAGE / place.parent / place.stem.removeprefix("test_")
        known = len(place.parts) == 1 or place.parts[0] in NOT_MIRRORED or place.stem in OF_A_WHOLE_PACKAGE
        if not known and not mirrored.with_suffix(".py").is_file() and not mirrored.is_dir():
            strays.append(str(place))
    assert strays == []


def test_no_module_is_a_drawer() -> None:
    names = {path.stem for path in PACKAGE.rglob("*.py")} | {path.name for path in PACKAGE.rglob("*") if path.is_dir()}
    assert not names & {"utils", "util", "helpers", "helper", "misc", "common", "tools"}
