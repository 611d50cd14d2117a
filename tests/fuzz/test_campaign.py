"""No file crashes, hangs, eats memory, prints or ends in a traceback; and the campaign would notice if one did."""

import ast
import random
from pathlib import Path

from tests.fuzz.campaign import campaign
from tests.fuzz.mutations import mutate
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


def test_mutated_and_special_files_are_read_or_refused_in_one_line() -> None:
    counts, findings = campaign(300, seed=0)
    assert findings == []
    assert counts["refused"] > 100
    assert counts["read"] > 20
    assert counts.total() == 300


def test_the_campaign_notices_every_kind_of_fault() -> None:
    _, findings = campaign(6, seed=1, targets="tests.fuzz.faulty", cpu_seconds=1)
    assert {(target, str(outcome).split(":")[0]) for _, target, _, outcome in findings} == {
        (name, name) for name in ("crash", "hang", "incomplete", "memory", "noise", "traceback")
    }


def test_a_case_is_the_same_bytes_again(tmp_path: Path) -> None:
    data = bytes(range(256)) * 3
    assert mutate(data, random.Random("0-5"), [data]) == mutate(data, random.Random("0-5"), [data])
    assert mutate(data, random.Random("0-5"), [data]) != mutate(data, random.Random("1-5"), [data])
