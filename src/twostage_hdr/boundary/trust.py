"""Which classes a file may name: those of this package, and of packages that the user trusts by name."""

import importlib
import re
import sys
import traceback
from collections.abc import Collection
from importlib.util import find_spec
from pathlib import Path

from twostage_hdr.boundary.refusal import one_line, printable
from twostage_hdr.errors import InputError

PACKAGE = "twostage_hdr"

_CALLBACKS = ("checkpoint_file", "panels", "run_checkpoints", "stop_signals", "throughput", "validation_scores")
MOVED = {
    **{f"{PACKAGE}.training.{name}": f"{PACKAGE}.training.callbacks.{name}" for name in _CALLBACKS},
    f"{PACKAGE}.training.exposure_ladder": f"{PACKAGE}.training.callbacks.panels",
    f"{PACKAGE}.training.progress": f"{PACKAGE}.training.callbacks.throughput",
    f"{PACKAGE}.training.weight_norms": f"{PACKAGE}.training.callbacks.throughput",
    f"{PACKAGE}.training.winograd_rdab": f"{PACKAGE}.training.callbacks.winograd_rdab",
    f"{PACKAGE}.training.supervised": f"{PACKAGE}.training.one_network",
    f"{PACKAGE}.camera.wide_noise": f"{PACKAGE}.camera.noise",
    f"{PACKAGE}.camera.bracketed_exposure": f"{PACKAGE}.camera.bracket_camera",
}
"""Former modules whose classes lie elsewhere now: runs and configurations of their time name them."""

RENAMED = {"SupervisedModule": "OneNetworkModule", "ExposureLadder": "ExposureStrip"}
"""Classes of those modules that have another name now."""

_DOTTED = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)+", re.ASCII)


def current_path(path: str) -> str:
    """Where the class of a dotted path lies now."""
    module, _, name = path.rpartition(".")
    return f"{MOVED[module]}.{RENAMED.get(name, name)}" if module in MOVED else path


def check_path(path: object, *, parts: Collection[str], trust: Collection[str], where: object) -> str:
    """Refuses a dotted path that may not be imported; imports nothing itself.

    Args:
        path: as the file names it.
        parts: of this package, whose classes may be meant ("networks").
        trust: packages (or modules) of the user's whose classes may be meant as well.
        where: the file that names it.

    Returns:
        Where the class lies now.

    Raises:
        InputError: no dotted path, or one of another package.
    """
    if not isinstance(path, str) or len(path) > 200 or not _DOTTED.fullmatch(path):
        raise InputError(
            where, f"names {printable(repr(path))[:80]} for a class", "take the file from its source again"
        )
    path = current_path(path)
    if any(path.startswith(f"{package}.") for package in (*(f"{PACKAGE}.{part}" for part in parts), *trust)):
        return path
    if path.startswith(f"{PACKAGE}."):
        expected = " or ".join(f"{PACKAGE}.{part}" for part in parts)
        raise InputError(where, f"names {path}", f"a class of {expected} is expected there; update the package")
    package = path.partition(".")[0]
    raise InputError(
        where,
        f"names {path}, a class from outside this package",
        f"if you trust that package's code, allow it with --trust {package} (train and evaluate: trust=[{package}])",
    )


def load_class(path: object, *, parts: Collection[str], trust: Collection[str], where: object) -> type:
    """The class of a dotted path that `check_path` lets pass.

    Raises:
        InputError: as `check_path`; or there is no such class.
    """
    checked = check_path(path, parts=parts, trust=trust, where=where)
    module, _, name = checked.rpartition(".")
    kind = getattr(import_module(module, where=where), name, None)
    ours = module.startswith(f"{PACKAGE}.")
    if not isinstance(kind, type) or (ours and kind.__module__ != module):  # not what a module of ours has imported
        raise InputError(where, f"names {checked}, and there is no such class here", "update the package that has it")
    return kind


def import_module(module: str, *, where: object) -> object:
    """The module, also one that lies in the current folder.

    Raises:
        InputError: there is none, or its own code fails.
    """
    make_importable(module.partition(".")[0])
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        ours = module.startswith(f"{PACKAGE}.")
        cure = "update the package" if ours else "install it, or run the command in the folder that holds it"
        raise InputError(where, f"needs the module {module} ({one_line(error)})", cure) from error
    except Exception as error:
        last = traceback.extract_tb(error.__traceback__)[-1]
        place = f"{last.filename}, line {last.lineno}"
        raise InputError(
            where, f"{module} cannot be imported ({type(error).__name__}: {one_line(error)}; {place})", "correct it"
        ) from error


def make_importable(package: str) -> None:
    """Lets a package of the current folder be found, after all that is installed."""
    here = str(Path.cwd())
    if here not in sys.path and find_spec(package) is None:
        sys.path.append(here)
