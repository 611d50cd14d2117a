import sys
from pathlib import Path

import pytest

from tests.refusal import refusal_of
from twostage_hdr.boundary.trust import MOVED, check_path, current_path, import_module, load_class
from twostage_hdr.networks.stage import Stage

STAGE = "twostage_hdr.networks.stage.Stage"


def _assert_refused(path: object, *values: str, trust: tuple[str, ...] = ()) -> None:
    with refusal_of("w", *values) as caught:
        load_class(path, parts=("networks",), trust=trust, where="w")
    assert caught.value.cure
    assert str(caught.value).isprintable()


def test_a_class_of_ours_is_found() -> None:
    assert load_class(STAGE, parts=("networks",), trust=(), where="w") is Stage


@pytest.mark.parametrize(
    "path",
    [
        *(None, 3, "", "Stage", "os..system", "os.system; x", "os.system\n", "..", "a" * 300, "a.b" * 100),
        *("twostage_hdr.networks.stage.torch", "twostage_hdr.networks.stage.RDAB", "twostage_hdr.networks.none.Stage"),
        *("twostage_hdr.cli.run_directory.shutil.rmtree", "twostage_hdr.data.hdm.HdmSource", "twostage_hdr_x.y.Z"),
        *("os.system", "torch.utils.collect_env.run", "builtins.exec", "hydra.utils.instantiate"),
    ],
)
def test_nothing_else_is(path: object) -> None:
    _assert_refused(path)


def test_a_package_from_outside_is_not_imported_before_it_is_trusted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "theirs_trusted").mkdir()
    code = "from pathlib import Path\nPath(__file__).with_name('ran').touch()\nclass Net: pass\n"
    (tmp_path / "theirs_trusted" / "__init__.py").write_text(code)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    _assert_refused("theirs_trusted.Net", "--trust theirs_trusted", "trust=[theirs_trusted]")
    _assert_refused("theirs_trusted.Net", trust=("theirs", "theirs_trusted.net"))
    assert not (tmp_path / "theirs_trusted" / "ran").exists()
    assert load_class("theirs_trusted.Net", parts=(), trust=["theirs_trusted"], where="w").__name__ == "Net"
    assert sys.path[-1] == str(tmp_path)  # last, so that it hides nothing that is installed


@pytest.mark.parametrize("code", ["raise ValueError('no\\nGPU')", "import no_such_package_anywhere", "def f(:"])
def test_a_package_that_fails_is_told_in_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: str) -> None:
    name = f"theirs_broken_{abs(hash(code))}"
    (tmp_path / f"{name}.py").write_text(code + "\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    with refusal_of("w", name) as caught:
        import_module(name, where="w")
    assert str(caught.value).isprintable()


def test_what_has_moved_is_found_under_its_old_name() -> None:
    for module in MOVED:
        assert check_path(f"{module}.X", parts=("training", "camera"), trust=(), where="w") == f"{MOVED[module]}.X"
    old = "twostage_hdr.training.supervised.SupervisedModule"
    assert load_class(old, parts=("training",), trust=(), where="w").__name__ == "OneNetworkModule"
    assert current_path(STAGE) == STAGE
