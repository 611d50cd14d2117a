"""A file appears whole or not at all."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from twostage_hdr import __version__
from twostage_hdr.errors import InputError
from twostage_hdr.imaging.atomic import atomic_path, software_tag

KILLED = """
import os, sys
from twostage_hdr.imaging.atomic import atomic_path
with atomic_path(sys.argv[1]) as temporary:
    temporary.write_text("half of it")
    os._exit(9)
"""


def test_the_name_appears_only_when_the_block_ends(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    with atomic_path(path) as temporary:
        temporary.write_text("new")
        assert not path.exists()
    assert path.read_text() == "new"
    assert list(tmp_path.iterdir()) == [path]


def test_the_temporary_file_lies_beside_with_the_same_suffix_and_hidden(tmp_path: Path) -> None:
    with atomic_path(tmp_path / "picture.exr") as temporary:
        assert temporary.parent == tmp_path
        assert temporary.suffix == ".exr"
        assert temporary.name.startswith(".")
        temporary.touch()


def test_a_failure_leaves_no_file(tmp_path: Path) -> None:
    def fail() -> None:
        with atomic_path(tmp_path / "a.txt") as temporary:
            temporary.write_text("half")
            raise RuntimeError("disk on fire")

    with pytest.raises(RuntimeError, match="on fire"):
        fail()
    assert list(tmp_path.iterdir()) == []


def test_a_failure_leaves_the_old_file_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("old")

    def fail() -> None:
        with atomic_path(path) as temporary:
            temporary.write_text("half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_block_that_wrote_nothing_is_an_error_and_not_an_empty_file(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), atomic_path(tmp_path / "a.txt"):
        pass
    assert list(tmp_path.iterdir()) == []


def test_a_process_that_dies_half_way_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("old")
    ended = subprocess.run([sys.executable, "-c", KILLED, str(path)], check=False)
    assert ended.returncode == 9
    assert path.read_text() == "old"


def test_many_writers_of_one_name_leave_one_whole_text(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    texts = [str(number) * 100_000 for number in range(8)]

    def write(text: str) -> None:
        with atomic_path(path) as temporary:
            temporary.write_text(text)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write, texts * 5))
    assert path.read_text() in texts
    assert list(tmp_path.iterdir()) == [path]


def test_a_missing_folder_is_named_in_one_line(tmp_path: Path) -> None:
    with (
        pytest.raises(InputError, match=r"a\.txt: the folder .*nowhere does not exist") as caught,
        atomic_path(tmp_path / "nowhere" / "a.txt"),
    ):
        pass
    assert "\n" not in str(caught.value)


def test_files_carry_name_and_version() -> None:
    assert software_tag() in (f"twostage-hdr {__version__}", "twostage-hdr")
