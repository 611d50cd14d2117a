"""No file crashes, hangs, eats memory, prints or ends in a traceback; and the campaign would notice if one did."""

import ast
import random
from pathlib import Path

from tests.fuzz.campaign import campaign
from tests.fuzz.mutations import mutate
from tests.fuzz.special import SPECIAL
from tests.fuzz.targets import ELSEWHERE, TARGETS

PACKAGE = Path(__file__).parents[2] / "src" / "twostage_hdr"
BOUNDARY = {"file_reader", "numpy_file", "regular_file", "structured_text"}


def _readers() -> set[str]:
    """Modules that read files from outside: those that import what opens them."""
    found = set()
    for path in PACKAGE.rglob("*.py"):
        imports = [node for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.ImportFrom)]
        names = {f"twostage_hdr.boundary.{name}" for name in BOUNDARY}
        if path.parent.name != "boundary" and any(node.module in names for node in imports):
            found.add(".".join(path.relative_to(PACKAGE).with_suffix("").parts))
    return found


def test_every_module_that_reads_files_has_a_target_and_every_target_a_module() -> None:
    covered = [module for target in TARGETS.values() for module in target.modules]
    assert sorted(covered) == sorted(set(covered))
    assert _readers() - ELSEWHERE.keys() <= set(covered)
    assert all((PACKAGE / Path(*module.split("."))).with_suffix(".py").exists() for module in covered)


OPENS = {"open", "read_text", "read_bytes", "load", "fromfile", "loadtxt", "genfromtxt"}
"""Names of what opens a file for reading, among others."""
HARMLESS = {
    "cli.app": "loads weights by the name of a shipped set",
    "cli.app_result": "its own arrays in a folder of its own",
    "cli.console": "/dev/null",
    "cli.hydra_help": "the package's configs",
    "data.image_cache": "calls what loads an image",
    "data.resumable_folder": "a lock, whose link it does not follow",
    "data.store.layout": "an array that `load_npy` has just looked at",
    "evaluation.complexity": "/proc",
    "imaging.atomic": "its own temporary file",
    "imaging.result_format": "opens its own results for writing",
    "imaging.scanline_writer": "its own temporary file",
    "inference.result_files": "opens its own results for writing",
    "inference.weights": "the package's checksums",
    "inference.winograd.compiled": "what it compiles and keeps in the user's cache",
    "inference.split.sums_triton": "the memory of a GPU",
    "camera.jpeg": "bytes in memory",
}
"""Modules that open files without the boundary, and why they may."""


def _opens(tree: ast.AST) -> bool:
    """Whether a module opens files by itself: a call of one of these names, unless it is for writing."""
    for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
        name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
        modes = [word.value for word in call.args if isinstance(word, ast.Constant) and isinstance(word.value, str)]
        if name in OPENS and not any(mode[:1] in ("w", "x", "a") for mode in modes):
            return True
    return False


def test_no_module_opens_files_that_the_boundary_has_not_looked_at() -> None:
    found = set()
    for path in PACKAGE.rglob("*.py"):
        name = ".".join(path.relative_to(PACKAGE).with_suffix("").parts)
        if path.parent.name != "boundary" and _opens(ast.parse(path.read_text("utf-8"))):
            found.add(name)
    covered = {module for target in TARGETS.values() for module in target.modules} | ELSEWHERE.keys()
    assert found - covered - HARMLESS.keys() == set()


def test_mutated_and_special_files_are_read_or_refused_in_one_line() -> None:
    counts, findings = campaign(300, len(SPECIAL), seed=0)
    assert findings == []
    assert counts["refused"] > 150
    assert counts["read"] > 20
    assert counts.total() == 300 + len(SPECIAL)


def test_the_campaign_notices_every_kind_of_fault() -> None:
    _, findings = campaign(6, 0, seed=1, targets="tests.fuzz.faulty", cpu_seconds=3)
    assert {(target, str(outcome).split(":")[0]) for _, target, _, outcome in findings} == {
        (name, name) for name in ("crash", "hang", "incomplete", "memory", "noise", "traceback")
    }


def test_a_case_is_the_same_bytes_again(tmp_path: Path) -> None:
    data = bytes(range(256)) * 3
    assert mutate(data, random.Random("0-5"), [data]) == mutate(data, random.Random("0-5"), [data])
    assert mutate(data, random.Random("0-5"), [data]) != mutate(data, random.Random("1-5"), [data])
