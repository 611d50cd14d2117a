"""Every test runs with the package's shapes and dtypes checked, single-threaded, offline."""

import os
import sys
from pathlib import Path
from types import ModuleType

os.environ.setdefault("WANDB_MODE", "offline")
os.environ.setdefault("WANDB_SILENT", "true")

from beartype import BeartypeConf, beartype
from jaxtyping import install_import_hook

# An int is a float in annotations (PEP 484); beartype has to be told so, and the hook takes its checker by name only.
_checker = ModuleType("beartype_with_numeric_tower")
_checker.check = beartype(conf=BeartypeConf(is_pep484_tower=True))  # type: ignore[attr-defined]
sys.modules[_checker.__name__] = _checker
# Not in cli: typer hands the verbs a context of another class than the one by which it recognises the argument.
PACKAGES = [path.stem for path in (Path(__file__).parents[1] / "src" / "twostage_hdr").iterdir() if path.stem != "cli"]
install_import_hook([f"twostage_hdr.{name}" for name in PACKAGES], "beartype_with_numeric_tower.check")

import pytest  # noqa: E402
import torch  # noqa: E402

torch.set_num_threads(1)


@pytest.fixture(autouse=True)
def _seeded() -> None:
    torch.manual_seed(0)
