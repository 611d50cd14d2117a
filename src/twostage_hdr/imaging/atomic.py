"""Writing a file so that nobody ever sees half of it, and nothing stays of a run that was killed."""

import itertools
import os
import platform
import re
import shutil
import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import BinaryIO

from twostage_hdr.errors import InputError

_serial = itertools.count()
_STEM_AT_MOST = 40
"""Characters of the name that a temporary file's begins with: the whole must fit where the name itself does."""
_TEMPORARY = re.compile(r"\..*\.tmp-(?:([0-9a-f]{8})-)?(\d+)(?:-\d+)?(?:\.[^.]*)?", re.DOTALL)
_A_DAY = 86_400
"""Seconds without a change after which a temporary file of another machine has no owner any more."""


@contextmanager
def atomic_path(path: str | Path) -> Iterator[Path]:
    """Yield a temporary sibling of `path`; on success it becomes `path`, on failure it is removed.

    The sibling keeps the suffix (libraries choose the format by it) and lies in the same folder, so that the rename
    cannot cross file systems. Data reach the disk before the rename. Whether an existing file may be replaced is the
    caller's decision. What killed runs have left in the folder is removed.

    Raises:
        InputError: the folder does not exist, or a folder has that name.
        OSError: it cannot be written; names `path`.
    """
    path = Path(path)
    if path.is_dir():
        raise InputError(path, "is a folder, where a file should be written", "move it away")
    if not path.parent.is_dir():
        raise InputError(path, f"the folder {path.parent} does not exist", "create it first")
    _remove_once(path.parent.absolute())
    temporary = temporary_sibling(path)
    try:
        yield temporary
        with temporary.open("rb+") as file:
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError as error:
        if error.errno is None or error.filename not in (None, str(temporary)):
            raise
        raise OSError(error.errno, os.strerror(error.errno), str(path)) from error
    finally:
        with suppress(OSError):  # of a disk that has gone
            temporary.unlink(missing_ok=True)


def write_text(path: str | Path, text: str) -> None:
    """Writes a text file in UTF-8, the same bytes on every system, by `atomic_path`, which raises as said there."""
    with atomic_path(path) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="\n")


def temporary_sibling(path: Path) -> Path:
    """A new hidden name beside `path` that says which process of which machine it belongs to."""
    owner = f"{_machine()}-{os.getpid()}-{next(_serial)}"
    return path.with_name(f".{path.stem[:_STEM_AT_MOST]}.tmp-{owner}{path.suffix}")


@contextmanager
def rewritten(path: Path) -> Iterator[tuple[BinaryIO, BinaryIO]]:
    """A file that this process has written, and what takes its place; on failure it stays as it was."""
    temporary = temporary_sibling(path)
    try:
        with path.open("rb") as old, temporary.open("wb") as new:
            yield old, new
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def remove_leftovers(folder: Path) -> None:
    """Removes temporary files and folders that no living process owns; what cannot be removed stays."""
    with suppress(OSError):
        for path in list(folder.iterdir()):
            name = _TEMPORARY.fullmatch(path.name)
            if name is None or _is_owned(path, machine=name[1], process=int(name[2])):
                continue
            with suppress(OSError):
                shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()


_remove_once = cache(remove_leftovers)


def _is_owned(path: Path, *, machine: str | None, process: int) -> bool:
    if os.name != "posix" or machine not in (None, _machine()):
        return time.time() - path.lstat().st_mtime < _A_DAY
    try:
        os.kill(process, 0)  # signal 0 asks only
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:  # somebody else's
        return True
    return True


@cache
def _machine() -> str:
    return f"{zlib.crc32(platform.node().encode()):08x}"


@cache
def software_tag() -> str:
    """Name and version of this program, as put into the Software field of files."""
    try:
        return f"twostage-hdr {version('twostage-hdr')}"
    except PackageNotFoundError:  # run from a source tree that was never installed
        return "twostage-hdr"
