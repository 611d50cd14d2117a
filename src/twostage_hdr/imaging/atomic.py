"""Writing a file so that nobody ever sees half of it."""

import itertools
import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from twostage_hdr.errors import InputError

_serial = itertools.count()


@contextmanager
def atomic_path(path: str | Path) -> Iterator[Path]:
    """Yield a temporary sibling of `path`; on success it becomes `path`, on failure it is removed.

    The sibling keeps the suffix (libraries choose the format by it) and lies in the same folder, so that the rename
    cannot cross file systems. Data reach the disk before the rename. Whether an existing file may be replaced is the
    caller's decision.

    Raises:
        InputError: the folder does not exist, or a folder has that name.
    """
    path = Path(path)
    if path.is_dir():
        raise InputError(path, "is a folder, where a file should be written", "move it away")
    if not path.parent.is_dir():
        raise InputError(path, f"the folder {path.parent} does not exist", "create it first")
    temporary = path.with_name(f".{path.stem}.tmp-{os.getpid()}-{next(_serial)}{path.suffix}")
    try:
        yield temporary
        _flush_to_disk(temporary)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def _flush_to_disk(path: Path) -> None:
    with path.open("rb+") as file:
        os.fsync(file.fileno())


@cache
def software_tag() -> str:
    """Name and version of this program, as put into the Software field of files."""
    try:
        return f"twostage-hdr {version('twostage-hdr')}"
    except PackageNotFoundError:  # run from a source tree that was never installed
        return "twostage-hdr"
