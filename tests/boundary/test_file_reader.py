import os
from pathlib import Path

import pytest

from tests.refusal import refusal_of
from twostage_hdr.boundary.file_reader import file_reader


@file_reader("picture", "export it again")
def read(path: str | Path, *, error: Exception) -> None:
    os.write(2, b"noise\n")
    raise error


@pytest.mark.parametrize("error", [KeyError("key"), MemoryError(), RuntimeError("two\nlines")])
def test_a_reader_raises_one_line_whatever_its_library_does_and_is_quiet(tmp_path, error, capfd):
    (tmp_path / "a").write_bytes(b"content")
    with refusal_of(tmp_path / "a", "picture", "export it again"):
        read(tmp_path / "a", error=error)
    assert capfd.readouterr().err == ""


def test_a_reader_never_sees_what_is_no_regular_file(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with refusal_of(tmp_path / "pipe", "pipe"):
        read(tmp_path / "pipe", error=KeyError())
