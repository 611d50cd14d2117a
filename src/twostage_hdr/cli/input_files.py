"""Which files a command is to work on, and whether its results would harm them."""

import glob
from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import NamedTuple

from twostage_hdr.boundary.refusal import one_line
from twostage_hdr.errors import InputError
from twostage_hdr.imaging.formats import FORMATS, result_format
from twostage_hdr.inference.reconstruct_video import VIDEO_ENDINGS

BRACKET_ENDING = "_bracket"
"""What the results of a bracket add to the stem of its first frame."""


class FoundFiles(NamedTuple):
    """What a command was given."""

    files: list[Path]
    """To work on, each once."""
    nothing: dict[str, str]
    """Folders and patterns without such files, and names that cannot be used, each with what to tell the user."""


def find_files(
    names: Sequence[str],
    suffixes: Collection[str],
    what: str,
    *,
    wanted: Callable[[Path], bool] = lambda _: True,
    from_pattern: Callable[[Path], bool] = lambda _: True,
) -> FoundFiles:
    """Named files whatever they are, what globs match, and from folders what has a known suffix.

    Args:
        names: files, folders and glob patterns.
        suffixes: taken from folders, lower case with the dot.
        what: what is looked for, plural, for the error.
        wanted: further condition on a folder's files.
        from_pattern: further condition on what a pattern matches.
    """
    found: dict[Path, None] = {}
    nothing: dict[str, str] = {}
    for name in names:
        try:
            matching = _matching(name, suffixes, what)
        except InputError as error:
            nothing[_printable(name)] = str(error)
            continue
        for path in matching.paths:
            shown = _printable(str(path))
            try:
                if shown != str(path):
                    raise InputError(shown, "a name that is not UTF-8", "rename it")
                if matching.named or (wanted if matching.folder else from_pattern)(path):
                    found[path] = None
            except OSError as error:  # a loop of links, a file that may not be looked at
                nothing[shown] = str(InputError(shown, one_line(error), "see to its permissions or take it away"))
            except InputError as error:
                nothing[shown] = str(error)
        if matching.folder and not any(path in found or _printable(str(path)) in nothing for path in matching.paths):
            nothing[_printable(name)] = str(_without(name, suffixes, what))
    return FoundFiles(list(found), nothing)


class _Matching(NamedTuple):
    paths: list[Path]
    named: bool = False
    """The user gave this very name."""
    folder: bool = False
    """They lie in a folder that was given."""


def _without(name: str, suffixes: Collection[str], what: str) -> InputError:
    return InputError(_printable(name), f"a folder without {what} ({', '.join(sorted(suffixes))})", "name another one")


def _matching(name: str, suffixes: Collection[str], what: str) -> _Matching:
    """The files that one name stands for.

    Raises:
        InputError: there is none, or the file system does not take the name.
    """
    path = Path(name)
    try:
        if path.is_dir():
            inside = sorted(file for file in path.iterdir() if file.suffix.lower() in suffixes)
            if not inside:
                raise _without(name, suffixes, what)
            return _Matching(inside, folder=True)
        if path.exists() or not glob.has_magic(name):
            return _Matching([path], named=True)
    except InputError:
        raise
    except (OSError, ValueError) as error:  # the second: a NUL in the name
        raise InputError(_printable(name), one_line(error), "name another file or folder") from error
    paths = [Path(match) for match in sorted(glob.glob(name, recursive=True))]  # noqa: PTH207 - absolute too
    if not paths:
        raise InputError(_printable(name), "matches no file", "quote the pattern, or name the files")
    return _Matching(paths)


def _printable(name: str) -> str:
    """The name with bytes that are no UTF-8 spelt out: no library takes them, and no terminal shows them."""
    return name.encode("utf-8", "backslashreplace").decode("utf-8")


def is_result(path: Path) -> bool:
    """Whether a file is one that this suite made of another file beside it: `street_hdr.png` beside `street.jpg`."""
    first, bracket, _ = path.stem.rpartition(BRACKET_ENDING)
    if bracket and any(path.parent.glob(f"{glob.escape(first)}.*")):
        return True
    known = [ending for name in FORMATS for ending in result_format(name).endings] + list(VIDEO_ENDINGS.values())
    endings = sorted((ending for ending in known if ending.startswith("_")), key=len)
    stems = [path.name.removesuffix(ending) for ending in endings if path.name.endswith(ending)]
    return any(_is_of(path, stem) for stem in stems)


def _is_of(result: Path, stem: str) -> bool:
    """Whether what the stem stands for lies beside its result; see `result_stem`."""
    name, _, suffix = stem.rpartition("_")
    if suffix and result.with_name(f"{name}.{suffix}").exists():
        return True
    return any(other.stem == stem and other != result for other in result.parent.glob(f"{glob.escape(stem)}.*"))
