"""What every reader of a file has in common."""

from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Concatenate, ParamSpec, TypeVar

from twostage_hdr.boundary.quiet import quiet_libraries
from twostage_hdr.boundary.refusal import as_input_error
from twostage_hdr.boundary.regular_file import regular_file

FILE_AT_MOST = 8 * 2**30
"""Bytes; 500 megapixels of three floats have 6 GB."""

_Further = ParamSpec("_Further")
_Content = TypeVar("_Content")
_Read = Callable[Concatenate[Path, _Further], _Content]
_Guarded = Callable[Concatenate[str | Path, _Further], _Content]


def file_reader(what: str, cure: str) -> Callable[[_Read[_Further, _Content]], _Guarded[_Further, _Content]]:
    """Makes a function, whose first argument is the file's path, one that raises nothing but `InputError`.

    It sees regular files only; while it reads, libraries print nothing; whatever they raise becomes one line.

    Args:
        what: kind of file, for the line.
        cure: what to do with one that cannot be read.
    """

    def decorate(read: _Read[_Further, _Content]) -> _Guarded[_Further, _Content]:
        @wraps(read)
        def guarded(path: str | Path, *others: _Further.args, **named: _Further.kwargs) -> _Content:
            file = regular_file(path, at_most=FILE_AT_MOST)
            with quiet_libraries(), as_input_error(path, cure, f"damaged or unreadable {what}"):
                return read(file, *others, **named)

        return guarded

    return decorate
