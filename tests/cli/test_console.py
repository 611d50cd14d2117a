"""The command's way out: the exit code, every line of output, and the libraries' exit functions."""

import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest


def run(*arguments: str, before: str = "pass") -> subprocess.CompletedProcess[str]:
    program = f"import sys; from twostage_hdr.cli import console; {before}; console.console()"
    return subprocess.run([sys.executable, "-c", program, *arguments], capture_output=True, text=True)


@pytest.mark.parametrize(
    ("before", "status", "said"),
    [
        ("console.main = lambda: print('all')", 0, "all"),
        ("console.main = lambda: sys.exit()", 0, ""),
        ("console.main = lambda: (print('all'), sys.exit(3))", 3, "all"),
        ("console.main = lambda: sys.exit('wrong')", 1, "wrong"),
        ("console.main = lambda: 1 / 0", 1, "ZeroDivisionError"),
    ],
)
def test_exit_code_and_output_are_those_of_the_verb(before: str, status: int, said: str) -> None:
    done = run(before=before)
    assert done.returncode == status
    assert said in done.stdout + done.stderr


def test_a_warning_is_one_line_without_our_source() -> None:
    done = run(before="import warnings; console.main = lambda: warnings.warn('look out', stacklevel=1)")
    assert done.returncode == 0
    assert done.stderr == "warning: look out\n"


def test_users_mistake_is_one_line_and_exit_code_2() -> None:
    done = run("train", "epochs=3")
    assert done.returncode == 2
    assert done.stderr.startswith("error: epochs: ")
    assert done.stderr.count("\n") == 1


def test_exit_functions_of_libraries_are_called(tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    register = f"import atexit, pathlib; atexit.register(pathlib.Path({str(kept)!r}).touch)"
    assert run("--version", before=f"console.main = lambda: exec({register!r})").returncode == 0
    assert kept.exists()


def test_threads_are_waited_for(tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    start = f"import threading, pathlib; threading.Timer(0.2, pathlib.Path({str(kept)!r}).touch).start()"
    assert run(before=f"console.main = lambda: exec({start!r})").returncode == 0
    assert kept.exists()


def test_without_standard_output_the_verb_runs() -> None:
    code = "import sys; from twostage_hdr.cli import console; console.main = lambda: print('all'); console.console()"
    command = f"{shlex.quote(sys.executable)} -c {shlex.quote(code)} >&-"
    done = subprocess.run(["/bin/sh", "-c", command], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_name_that_the_terminal_cannot_show_is_spelt_out() -> None:
    code = "from twostage_hdr.cli import console; console.main = lambda: print('\\u65e5'); console.console()"
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment)
    assert (done.returncode, done.stdout) == (0, "\\u65e5\n")


def test_output_that_cannot_be_written_is_no_success() -> None:
    if not Path("/dev/full").exists():
        pytest.skip("no /dev/full on this system")
    program = "from twostage_hdr.cli import console; console.main = lambda: print('all'); console.console()"
    with Path("/dev/full").open("w") as full:
        assert subprocess.run([sys.executable, "-c", program], stdout=full).returncode == 1
        told = subprocess.run([sys.executable, "-m", "twostage_hdr", "--version"], stdout=full, stderr=subprocess.PIPE)
    assert told.returncode == 1
    assert told.stderr.decode().startswith("error: standard output: No space left on device; ")


@pytest.mark.parametrize(
    "before",
    [
        "console.main = lambda: exec('raise KeyboardInterrupt')",  # before typer is there
        "import twostage_hdr.cli.hydra_command as verbs; verbs.run_verb = lambda *_: exec('raise KeyboardInterrupt')",
    ],
)
def test_ctrl_c_is_one_line_and_exit_code_130(before: str) -> None:
    done = run("inspect", before=before)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "interrupted\n")
