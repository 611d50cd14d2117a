import errno
import os
from pathlib import Path

import pytest
import typer

from twostage_hdr.cli import main as command
from twostage_hdr.cli.outcome import print_error, system_trouble


def _raised(error: OSError) -> OSError:
    try:
        raise error
    except OSError as caught:
        return caught


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (OSError(errno.EROFS, "Read-only file system", "out/a.exr"), "out/a.exr: Read-only file system; "),
        (OSError(errno.ENAMETOOLONG, "File name too long", "n"), "n: File name too long; "),
        (OSError(errno.EIO, "Input/output error", "a"), "a: Input/output error; "),
        (OSError(errno.ENOSPC, "No space left on device"), "a file of the results: No space left on device; "),
        (
            ImportError("No module named 'google.protobuf'", name="google.protobuf"),
            "google.protobuf: ",
        ),
        (MemoryError(), "memory: "),
    ],
)
def test_what_the_system_refuses_is_one_line_with_file_and_cure(error, said):
    assert system_trouble(_raised(error) if isinstance(error, OSError) else error).startswith(said)


@pytest.mark.parametrize(
    "words",
    [
        "DataLoader worker (pid 7) is killed by signal: Killed.",
        "CUDA out of memory. Tried to",
        "gloo: connection closed",
    ],
)
def test_what_ends_a_process_of_pytorch_is_no_mistake_of_the_program(words):
    assert system_trouble(RuntimeError(words)).count("; ") == 1
    assert system_trouble(RuntimeError("shapes do not match")) is None


def test_full_standard_output_is_named_as_such():
    if not Path("/dev/full").exists():
        pytest.skip("no /dev/full on this system")
    with Path("/dev/full").open("w") as full, pytest.raises(OSError, match=os.strerror(errno.ENOSPC)) as caught:
        typer.echo("x" * 100_000, file=full)
    caught.value.filename = None
    assert system_trouble(caught.value).startswith("standard output: No space left")


def test_the_command_tells_it_without_a_traceback(monkeypatch, capsys):
    def refuse():
        raise OSError(errno.EROFS, "Read-only file system", "out")

    monkeypatch.setattr(command, "app", refuse)
    with pytest.raises(SystemExit) as leaving:
        command.main()
    assert leaving.value.code == 1
    assert capsys.readouterr().err.startswith("error: out: Read-only file system; ")


def test_control_characters_of_a_name_do_not_reach_the_terminal(capsys):
    print_error("failed", "a\x1b[2Jb.exr: damaged")
    assert "\x1b" not in capsys.readouterr().err
