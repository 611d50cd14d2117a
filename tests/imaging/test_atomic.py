"""A file appears whole or not at all."""

import errno
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.refusal import refusal_of
from twostage_hdr import __version__
from twostage_hdr.imaging.atomic import atomic_path, remove_leftovers, software_tag, temporary_sibling

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
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
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


def _left(folder: Path, name: str, *, age: float = 0) -> Path:
    path = folder / name
    path.write_bytes(b"half of it")
    os.utime(path, (time.time() - age,) * 2)
    return path


def test_the_next_writer_in_a_folder_removes_what_killed_ones_left(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-c", KILLED, str(tmp_path / "a.txt")], check=False)
    assert [path.name[:7] for path in tmp_path.iterdir()] == [".a.tmp-"]
    with atomic_path(tmp_path / "b.txt") as temporary:
        temporary.touch()
    assert [path.name for path in tmp_path.iterdir()] == ["b.txt"]


def test_what_a_living_process_owns_stays_and_so_does_what_is_no_temporary_file(tmp_path: Path) -> None:
    kept = [temporary_sibling(tmp_path / "mine.exr"), tmp_path / ".notes.tmp-x", tmp_path / "a.tmp-1-0.exr"]
    kept = [_left(tmp_path, path.name) for path in kept]
    other, old = ".a.tmp-00000000-1-0.exr", ".b.tmp-00000000-1-0.exr"
    kept.append(_left(tmp_path, other))  # of another machine, changed just now
    _left(tmp_path, old, age=90_000)
    dead = subprocess.Popen([sys.executable, "-c", "pass"])
    dead.wait()
    (tmp_path / f".clip_exr.tmp-{dead.pid}").mkdir()
    _left(tmp_path, f".a.tmp-{dead.pid}-0.exr")
    remove_leftovers(tmp_path)
    assert set(tmp_path.iterdir()) == set(kept)


def test_a_name_as_long_as_the_disk_takes_is_written(tmp_path: Path) -> None:
    path = tmp_path / ("n" * 251 + ".txt")
    with atomic_path(path) as temporary:
        temporary.write_text("all")
    assert path.read_text() == "all"


def test_the_systems_refusal_names_the_file_and_not_its_temporary_name(tmp_path: Path) -> None:
    with pytest.raises(OSError, match=os.strerror(errno.ENOSPC)) as caught, atomic_path(tmp_path / "a.txt"):
        raise OSError(errno.ENOSPC, "whatever")
    assert caught.value.filename == str(tmp_path / "a.txt")


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
    folder = tmp_path / "nowhere"
    with refusal_of(folder / "a.txt", folder), atomic_path(folder / "a.txt"):
        pass


def test_files_carry_name_and_version() -> None:
    assert software_tag() in (f"twostage-hdr {__version__}", "twostage-hdr")
