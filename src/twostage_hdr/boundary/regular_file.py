"""Only regular files are opened: a pipe would block for ever, a device would never end."""

import os
import stat
from io import BufferedReader
from pathlib import Path

from twostage_hdr.boundary.refusal import one_line, shown_name
from twostage_hdr.errors import InputError

BYTES_AT_MOST = 4 * 2**30
"""Bytes of a file that is read whole; an image of 500 megapixels and 16 bits has at most 3 GB."""
TEXT_AT_MOST = 64 * 2**20
"""Bytes of a text file (JSON, CSV, a list of names); those of this program have some 10 MB at most."""


def regular_file(path: str | Path, *, at_most: int | None = None, cure: str = "name another file") -> Path:
    """The path, if it names a file with content that can be opened; for libraries that open it themselves.

    Args:
        path: the name as given.
        at_most: largest size, bytes.
        cure: what to do if it does not.

    Raises:
        InputError: no such file, a folder, pipe or device, empty, too large, not readable, or no possible name.
    """
    with open_regular(path, at_most=at_most, cure=cure):
        return Path(path)


def open_regular(
    path: str | Path, *, at_most: int | None = None, may_be_empty: bool = False, cure: str = "name another file"
) -> BufferedReader:
    """Opens a file for reading bytes; arguments and errors as of `regular_file`; it may be empty on request."""
    shown = shown_name(path)
    try:  # the flag: opening a pipe must not wait for its writer
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    except FileNotFoundError:
        raise InputError(shown, "no such file", cure) from None
    except (OSError, ValueError) as error:  # the second: a NUL in the name
        raise InputError(shown, f"cannot be opened ({one_line(error)})", cure) from error
    try:
        _check(shown, os.fstat(descriptor), at_most, may_be_empty, cure)
        return os.fdopen(descriptor, "rb")
    except BaseException:
        os.close(descriptor)
        raise


def _check(shown: str, status: os.stat_result, at_most: int | None, may_be_empty: bool, cure: str) -> None:
    if stat.S_ISDIR(status.st_mode):
        raise InputError(shown, "a folder where a file is expected", cure)
    if not stat.S_ISREG(status.st_mode):
        kind = "pipe" if stat.S_ISFIFO(status.st_mode) else "device"
        raise InputError(shown, f"a {kind}, not a file on disk", cure)
    if status.st_size == 0 and not may_be_empty:
        raise InputError(shown, "the file is empty (0 bytes)", cure)
    if at_most is not None and status.st_size > at_most:
        raise InputError(shown, f"{status.st_size} bytes, where at most {at_most} are expected", cure)


def read_bytes(
    path: str | Path, *, at_most: int = BYTES_AT_MOST, may_be_empty: bool = False, cure: str = "name another file"
) -> bytes:
    """The whole content; arguments and errors as of `open_regular`."""
    with open_regular(path, at_most=at_most, may_be_empty=may_be_empty, cure=cure) as file:
        try:
            return file.read()
        except (OSError, MemoryError) as error:  # a disk that has gone, a folder of the network
            raise InputError(shown_name(path), f"cannot be read ({one_line(error)})", cure) from error


def read_text(
    path: str | Path,
    *,
    at_most: int = TEXT_AT_MOST,
    may_be_empty: bool = False,
    cure: str = "name a text file in UTF-8",
) -> str:
    """The whole content as UTF-8, line ends as `\\n`; arguments and errors as of `open_regular`."""
    content = read_bytes(path, at_most=at_most, may_be_empty=may_be_empty, cure=cure)
    try:
        return content.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
    except UnicodeDecodeError as error:
        raise InputError(shown_name(path), f"no text in UTF-8 (byte {error.start})", cure) from error
