"""Whatever a reader raises becomes the one line that names the file, what is wrong and the cure."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

from twostage_hdr.errors import InputError

_LONGEST = 200
"""Characters of a library's words that are worth a user's time."""
_LONGEST_NAME = 4096


def one_line(error: BaseException) -> str:
    """What an exception says, as one printable line of at most 200 characters; its type if it says nothing."""
    if isinstance(error, MemoryError):
        return "more memory needed than there is"
    if isinstance(error, RecursionError):
        return "nested too deeply"
    if isinstance(error, OSError) and error.strerror:
        return printable(error.strerror)
    return printable(str(error)) or type(error).__name__


def printable(text: str, *, at_most: int = _LONGEST) -> str:
    """Text from outside as one line, cut where it is longer: white space joined, what cannot be printed spelt out."""
    words = " ".join(text.split())[: at_most + 1]
    shown = "".join(letter if letter.isprintable() else letter.encode("unicode_escape").decode() for letter in words)
    return shown if len(shown) <= at_most else f"{shown[: at_most - 3]}..."


def shown_name(name: object) -> str:
    """A name as it is, if it can be printed; else as by `printable`."""
    return str(name) if str(name).isprintable() else printable(str(name), at_most=_LONGEST_NAME)


@contextmanager
def as_input_error(subject: object, cure: str, what: str = "damaged or unreadable") -> Iterator[None]:
    """Within it every exception of a reader becomes an `InputError`; one that is raised as such stays as it is.

    Only the reading itself belongs inside, since a mistake of the program would look like a damaged file.

    Args:
        subject: the file, or the setting with its value.
        cure: what to do instead.
        what: what the file is then; the reader's reason follows in brackets.
    """
    try:
        yield
    except InputError as refusal:
        if f"{refusal.subject}{refusal.seen}".isprintable():
            raise
        raise InputError(shown_name(refusal.subject), printable(refusal.seen), refusal.cure) from refusal
    except Exception as error:
        subject = shown_name(subject)
        if isinstance(error, OSError) and error.errno:
            raise InputError(subject, os.strerror(error.errno), cure) from error
        raise InputError(subject, f"{what} ({one_line(error)})", cure) from error
